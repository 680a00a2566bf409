//! Several processes that write the same owners at the same time.

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::multiprocess::{child_process, run_child, write_in_serial_order};

use crate::support::Database;

/// The name of [`child`].
pub(crate) const CHILD: &str = "processes::child";
/// The name of [`child_with_writer`].
pub(crate) const CHILD_WITH_WRITER: &str = "processes::child_with_writer";

#[tokio::test]
async fn serializes_batches_of_four_processes_on_fifty_owners() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    println!("{}", write_in_serial_order(&store, || child_process(CHILD, &database.address)).await);
}

#[tokio::test]
async fn serializes_batches_of_four_writers_on_fifty_owners() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    println!("{}", write_in_serial_order(&store, || child_process(CHILD_WITH_WRITER, &database.address)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of other tests"]
async fn child() {
    run_child(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of other tests"]
async fn child_with_writer() {
    run_child(async |address| Writer::new(open(address).await, WriterOptions::default())).await;
}

/// Long logs, so that the test finds every batch in them at the end.
async fn open(address: String) -> MongoStore {
    MongoStore::open(&address).await.unwrap().with_log_entries(1_000_000)
}
