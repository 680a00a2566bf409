//! Several processes on the same owners.

use std::{
    env,
    process::Command,
    sync::{Arc, mpsc},
};

use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::workers::{self, OWNERS, Work, Worker};

use crate::harness::Database;

/// Names the database of a worker's process: the address, a space, and the schema.
const PLACE: &str = "CONVERSATION_WORKER_PLACE";

/// The number of batches; `CONVERSATION_TEST_BATCHES` sets another.
fn batches() -> usize {
    env::var("CONVERSATION_TEST_BATCHES").map_or(500, |number| number.parse().unwrap())
}

#[tokio::test]
async fn four_processes_on_fifty_owners_come_to_what_one_after_the_other_would() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let (sender, told) = mpsc::channel();
    let start = |number| {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "processes::works", "--ignored", "--nocapture"]);
        process.env(PLACE, format!("{} {}", database.url, database.schema.as_str()));
        Worker::start(number, Work::Update, &mut process, sender.clone()).unwrap()
    };
    let workers: Vec<_> = (0..4).map(start).collect();
    drop(sender);
    let mut all: Vec<_> = told.iter().take(batches()).collect();
    for worker in workers {
        worker.finish().unwrap();
    }
    all.extend(told);
    assert!(all.len() >= batches(), "only {} batches", all.len());
    workers::one_after_the_other(&store, &all).await;
    println!("{} batches of four processes on {OWNERS} owners, all in one order", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the other test starts"]
async fn works() {
    let Ok(place) = env::var(PLACE) else { return };
    let (url, schema) = place.split_once(' ').unwrap();
    workers::work(Arc::new(PostgresStore::open(url, &Schema::new(schema).unwrap()).await.unwrap())).await;
}
