//! Connections, and what becomes of one whose caller has gone.

use std::mem;

use deadpool_postgres::{Client, Pool};

use crate::error::Error;

/// Runs `work` on a connection of the pool's.
///
/// Where the caller drops the future half way, the server still has a statement to finish or a transaction to undo.
/// The connection goes back to the pool when that is done, so that nobody else waits behind it.
pub(crate) async fn run<T>(pool: &Pool, work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>) -> Result<T, Error> {
    let mut lease = Lease { client: Some(pool.get().await?), is_idle: false };
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
        let Some(client) = mem::take(&mut self.client).filter(|_| !self.is_idle) else { return };
        // The server answers in order: once it has answered this, it is done with all before. Without a runtime
        // there is nobody to wait; the connection, whose task has ended with the runtime, is closed then.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = client.simple_query("").await;
            });
        }
    }
}
