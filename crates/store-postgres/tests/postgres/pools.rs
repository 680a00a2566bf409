//! The host's pool.

use std::time::Duration;

use conversation_settings_core::Patch;
use conversation_settings_store::{ConversationStore, StoreError};
use conversation_settings_store_postgres::{
    PostgresStore,
    deadpool_postgres::{Manager, Pool},
};
use tokio::time::{self, Instant};
use tokio_postgres::NoTls;

use crate::harness::{Database, NOW, key, set, user};

/// A pool that waits for a connection without a limit.
fn pool(database: &Database, connections: usize) -> Pool {
    Pool::builder(Manager::new(database.url.parse().unwrap(), NoTls)).max_size(connections).build().unwrap()
}

#[tokio::test]
async fn reports_unavailable_while_the_pool_has_no_free_connection() {
    let Some(database) = Database::new().await else { return };
    let pool = pool(&database, 1);
    let store = PostgresStore::with_pool(pool.clone(), &database.schema).await.unwrap();
    let batch = set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true));
    let only = pool.get().await.unwrap();
    // All tasks are idle, so the paused clock advances by itself.
    time::pause();
    let start = Instant::now();
    let failures =
        [store.apply(&batch, NOW).await.unwrap_err(), store.version(&user("a")).await.map(|_| ()).unwrap_err()];
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    time::resume();
    for error in failures {
        assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    }
    drop(only);
    assert!(store.apply(&batch, NOW).await.unwrap().effects[0].outcome.is_change());
}
