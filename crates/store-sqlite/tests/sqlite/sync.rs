//! Clients that follow the sync protocol alone.

use std::sync::Arc;

use conversation_settings_testkit::sync;

use crate::harness::Folder;

#[tokio::test]
async fn clients_match_the_store() {
    let folder = Folder::new();
    sync::clients_match_the_store(Arc::new(folder.open()), 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_converge_during_writes() {
    let folder = Folder::new();
    sync::clients_converge_during_writes(Arc::new(folder.open()), 8).await;
}
