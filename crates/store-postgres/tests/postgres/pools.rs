//! A pool of the host's.

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

/// A pool as a host may have it: it waits for a connection for ever.
fn pool(database: &Database, connections: usize) -> Pool {
    Pool::builder(Manager::new(database.url.parse().unwrap(), NoTls)).max_size(connections).build().unwrap()
}

#[tokio::test]
async fn a_pool_without_a_free_connection_is_unavailable_soon_and_well_when_it_has_one() {
    let Some(database) = Database::new().await else { return };
    let pool = pool(&database, 1);
    let store = PostgresStore::with_pool(pool.clone(), &database.schema).await.unwrap();
    let batch = set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true));
    let held = pool.get().await.unwrap();
    // Nobody answers any more, so time goes on by itself.
    time::pause();
    let start = Instant::now();
    let failures =
        [store.apply(&batch, NOW).await.unwrap_err(), store.version(&user("a")).await.map(|_| ()).unwrap_err()];
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    time::resume();
    for error in failures {
        assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    }
    drop(held);
    assert!(store.apply(&batch, NOW).await.unwrap().effects[0].outcome.is_change());
}
