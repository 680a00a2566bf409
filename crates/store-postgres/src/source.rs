//! Where connections come from: a pool, or a host that lends them.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::{Duration, Instant},
};

use conversation_settings_store::BoxError;
use deadpool::managed::Manager as _;
use deadpool_postgres::{Object, Pool, PoolError, StatementCache};
use tokio::{sync::Semaphore, time::timeout};
use tokio_postgres::Client;

use crate::lend::{Lend, LentClient};

#[derive(Debug)]
pub(crate) enum Source {
    Pool(Pool),
    Lender(Box<dyn Lend>),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error("the host lends no connection")]
    Lender(#[source] BoxError),
}

/// A connection, which returns to its source when it is dropped.
pub(crate) enum Connection {
    Pooled(Object),
    Lent(LentClient, Instant),
}

impl Source {
    pub(crate) async fn connect(&self) -> Result<Connection, SourceError> {
        match self {
            Self::Pool(pool) => Ok(Connection::Pooled(pool.get().await?)),
            Self::Lender(lender) => {
                let client = lender.lend().await.map_err(SourceError::Lender)?;
                Ok(Connection::Lent(client, Instant::now()))
            }
        }
    }

    /// How many connections writers may have, where `for_readers` are kept for others. A lender sees to that itself.
    pub(crate) fn for_writers(&self, for_readers: usize) -> usize {
        match self {
            Self::Pool(pool) => pool.status().max_size.saturating_sub(for_readers).max(1),
            Self::Lender(_) => Semaphore::MAX_PERMITS,
        }
    }

    /// Whether the server answers on a connection of its own within `limit`. With a lender nobody can ask: always true.
    pub(crate) async fn answers_within(&self, limit: Duration) -> bool {
        let Self::Pool(pool) = self else { return true };
        match timeout(limit, pool.manager().create()).await {
            Ok(Ok(_)) => true,
            // It refuses connections, such as one too many, so it is there.
            Ok(Err(error)) => error.as_db_error().is_some(),
            Err(_) => false,
        }
    }
}

impl Connection {
    /// When it was made, as far as is known.
    pub(crate) fn made(&self) -> Instant {
        match self {
            Self::Pooled(client) => Object::metrics(client).created,
            Self::Lent(_, lent) => *lent,
        }
    }

    /// Where its statements are kept, if they may be prepared.
    pub(crate) fn statements(&self) -> Option<Arc<StatementCache>> {
        match self {
            Self::Pooled(client) => Some(Arc::clone(&client.statement_cache)),
            Self::Lent(..) => None,
        }
    }

    /// Closes it, so that the pool can open another. The host closes what it has lent.
    pub(crate) fn discard(self) {
        if let Self::Pooled(client) = self {
            drop(Object::take(client));
        }
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Pooled(client) => client,
            Self::Lent(client, _) => client,
        }
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        match self {
            Self::Pooled(client) => client,
            Self::Lent(client, _) => client,
        }
    }
}
