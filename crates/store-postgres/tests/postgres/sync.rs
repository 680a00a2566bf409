//! Clients that follow the sync protocol alone.

use std::sync::Arc;

use conversation_settings_testkit::sync;

use crate::harness::Database;

#[tokio::test]
async fn clients_match_the_store() {
    let Some(database) = Database::new().await else { return };
    sync::clients_match_the_store(Arc::new(database.store().await), 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_converge_during_writes() {
    let Some(database) = Database::new().await else { return };
    sync::clients_converge_during_writes(Arc::new(database.store().await), 2).await;
}
