//! Connections: which statements they keep, and what becomes of one whose caller has gone.

use std::time::Duration;

use deadpool_postgres::{Client, Object, Pool, PoolError, StatementCache, TimeoutType, Transaction};
use futures_util::TryStreamExt;
use tokio::time::timeout;
use tokio_postgres::{
    Row, RowStream,
    types::{ToSql, Type},
};

use crate::error::Error;

/// A parameter of a statement, and its type.
pub(crate) type Parameter<'a> = (Box<dyn ToSql + Send + Sync + 'a>, Type);

/// A connection, in a transaction or not.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    client: &'a tokio_postgres::Client,
    statements: &'a StatementCache,
}

impl<'a> From<&'a Client> for Session<'a> {
    fn from(client: &'a Client) -> Self {
        Self { client, statements: &client.statement_cache }
    }
}

impl<'a> From<&'a Transaction<'_>> for Session<'a> {
    fn from(transaction: &'a Transaction<'_>) -> Self {
        Self { client: transaction.client(), statements: &transaction.statement_cache }
    }
}

impl Session<'_> {
    /// Up to how many keys a statement is planned once and then kept. The plan may be one for small tables, and be kept
    /// until the server has looked at the tables again; for many keys a new plan is cheap beside the work, and right.
    pub(crate) const FEW: usize = 16;

    /// The rows of a statement about so many keys.
    pub(crate) async fn query(self, sql: &str, keys: usize, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self.stream(sql, keys, parameters).await?.try_collect().await?)
    }

    /// The same, each as it comes.
    pub(crate) async fn stream(self, sql: &str, keys: usize, parameters: &[Parameter<'_>]) -> Result<RowStream, Error> {
        if keys > Self::FEW {
            return Ok(self.client.query_typed_raw(sql, typed(parameters)).await?);
        }
        let statement = self.statements.prepare(self.client, sql).await?;
        Ok(self.client.query_raw(&statement, values(parameters)).await?)
    }

    /// The rows of a statement that is not worth keeping.
    pub(crate) async fn query_once(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self.client.query_typed(sql, &typed(parameters)).await?)
    }

    /// The number of rows that a statement has written. It is planned once: what only writes is
    /// written the same way into tables of any size.
    pub(crate) async fn execute(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<usize, Error> {
        let statement = self.statements.prepare(self.client, sql).await?;
        let written = self.client.execute(&statement, &values(parameters)).await?;
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }
}

fn values<'a>(parameters: &'a [Parameter<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters.iter().map(|(value, _)| -> &'a (dyn ToSql + Sync) { &**value }).collect()
}

fn typed<'a>(parameters: &'a [Parameter<'_>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|(value, of)| -> (&'a (dyn ToSql + Sync), Type) { (&**value, of.clone()) }).collect()
}

/// How long to wait for a connection, a free one or a new one, whatever a host's pool thinks of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server may take to be done with a caller that has gone.
const FAREWELL: Duration = Duration::from_secs(30);

/// A connection of the pool's.
pub(crate) async fn connection(pool: &Pool) -> Result<Client, PoolError> {
    timeout(PATIENCE, pool.get()).await.unwrap_or(Err(PoolError::Timeout(TimeoutType::Wait)))
}

/// Runs `work` on a connection of the pool's.
///
/// Where the caller drops the future half way, the server still has a statement to finish or a transaction to undo.
/// The connection goes back to the pool when that is done, so that nobody else waits behind it.
pub(crate) async fn run<T>(pool: &Pool, work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>) -> Result<T, Error> {
    let mut lease = Lease { client: Some(connection(pool).await?), is_idle: false };
    let Some(client) = &mut lease.client else { unreachable!("it is taken by drop alone") };
    let result = work(client).await;
    lease.is_idle = true;
    result
}

struct Lease {
    client: Option<Client>,
    is_idle: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(client) = self.client.take().filter(|_| !self.is_idle) else { return };
        // The server answers in order: once it has answered this, it is done with all before. Without a runtime
        // there is nobody to wait; the connection, whose task has ended with the runtime, is closed then.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if timeout(FAREWELL, client.simple_query("")).await.is_err() {
                    // It is closed instead, and the pool may make another.
                    drop(Object::take(client));
                }
            });
        }
    }
}
