//! Several processes on the same owners.

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::multiprocess::{child_process, run_child, write_in_serial_order};

use crate::harness::Database;

/// The name of [`child`].
pub(crate) const CHILD: &str = "processes::child";
/// The name of [`child_with_writer`].
const CHILD_WITH_WRITER: &str = "processes::child_with_writer";

#[tokio::test]
async fn four_processes_write_in_one_order() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    println!("{}", write_in_serial_order(&store, || child_process(CHILD, database.location())).await);
}

#[tokio::test]
async fn four_processes_write_in_one_order_through_writers() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    println!("{}", write_in_serial_order(&store, || child_process(CHILD_WITH_WRITER, database.location())).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of other tests"]
async fn child() {
    run_child(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of other tests"]
async fn child_with_writer() {
    run_child(async |location| Writer::new(open(location).await, WriterOptions::default())).await;
}

async fn open(location: String) -> PostgresStore {
    let (url, schema) = location.split_once(' ').unwrap();
    PostgresStore::open(url, &Schema::new(schema).unwrap()).await.unwrap()
}
