//! A client that follows the sync protocol alone, over the store in memory. The other adapters run the same.

use std::sync::Arc;

use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::sync;

#[tokio::test]
async fn clients_hold_what_the_server_holds() {
    sync::clients_hold_what_the_server_holds(Arc::new(MemoryStore::new()), 512).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_sync_while_others_write_converge() {
    sync::clients_that_sync_while_others_write_converge(Arc::new(MemoryStore::new()), 64).await;
}
