//! Clients that follow the sync protocol alone.

use std::sync::Arc;

use conversation_settings_testkit::sync;

use crate::harness::Database;

#[tokio::test]
async fn clients_hold_what_the_server_holds() {
    let Some(database) = Database::new().await else { return };
    sync::clients_hold_what_the_server_holds(Arc::new(database.store().await), 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_sync_while_others_write_converge() {
    let Some(database) = Database::new().await else { return };
    sync::clients_that_sync_while_others_write_converge(Arc::new(database.store().await), 2).await;
}
