//! Connections of the pool. A connection whose caller has given up is cleaned before its next use.

use std::time::Duration;

use deadpool_postgres::{Client, Object, Pool, PoolError, TimeoutType};
use tokio::time::timeout;

use crate::error::Error;

/// How long a call waits for a connection, even if the host's pool would wait longer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the server may take to finish the work of a caller that has given up.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) async fn acquire(pool: &Pool) -> Result<Client, PoolError> {
    timeout(ACQUIRE_TIMEOUT, pool.get()).await.unwrap_or(Err(PoolError::Timeout(TimeoutType::Wait)))
}

/// Runs `work` on a connection of the pool.
///
/// If the caller drops the future, the server still has to finish a statement or roll back a transaction. The
/// connection returns to the pool after that, so that no other call waits behind it.
pub(crate) async fn run<T>(pool: &Pool, work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>) -> Result<T, Error> {
    let mut lease = Lease { client: Some(acquire(pool).await?), is_idle: false };
    let Some(client) = &mut lease.client else { unreachable!("only drop takes the client") };
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
        // The server responds in order: its response to this means that all earlier work is done. Without a runtime the
        // connection's task has ended, and the connection closes.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if timeout(DRAIN_TIMEOUT, client.simple_query("")).await.is_err() {
                    // Close it, so that the pool can open another.
                    drop(Object::take(client));
                }
            });
        }
    }
}
