//! Connections that a host lends.

use std::{fmt::Debug, ops::DerefMut, sync::Arc};

use async_trait::async_trait;
use conversation_settings_store::BoxError;
use tokio::sync::Mutex;
use tokio_postgres::Client;

/// A connection that is lent until it is dropped.
pub type LentClient = Box<dyn DerefMut<Target = Client> + Send + Sync>;

/// Lends connections of the host, for [`PostgresStore::with_lender`](crate::PostgresStore::with_lender).
///
/// Any pool of `tokio-postgres` connections lends in a line or two. A single client does so already, and is lent to one call
/// at a time:
///
/// ```no_run
/// use std::sync::Arc;
///
/// use conversation_settings_store_postgres::{PostgresStore, Schema, deadpool_postgres::tokio_postgres};
/// use tokio::sync::Mutex;
///
/// # async fn example(client: tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Arc::new(Mutex::new(client));
/// let store = PostgresStore::with_lender(client.clone(), &Schema::default()).await?;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Lend: Debug + Send + Sync + 'static {
    /// Lends a connection on which no transaction has begun. The store drops it when the server has nothing left to do on it,
    /// and leaves no transaction open and no setting changed.
    ///
    /// The store waits up to ten seconds for it. Do not lend a connection that [is closed](Client::is_closed).
    ///
    /// # Errors
    ///
    /// Any: the call fails as unavailable.
    async fn lend(&self) -> Result<LentClient, BoxError>;
}

#[async_trait]
impl Lend for Arc<Mutex<Client>> {
    async fn lend(&self) -> Result<LentClient, BoxError> {
        Ok(Box::new(Arc::clone(self).lock_owned().await))
    }
}
