//! Clients that follow the sync protocol alone.

use std::sync::Arc;

use conversation_settings_testkit::sync;

use crate::harness::Folder;

#[tokio::test]
async fn clients_hold_what_the_server_holds() {
    let folder = Folder::new();
    sync::clients_hold_what_the_server_holds(Arc::new(folder.open()), 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_sync_while_others_write_converge() {
    let folder = Folder::new();
    sync::clients_that_sync_while_others_write_converge(Arc::new(folder.open()), 8).await;
}
