//! Several processes that write the same owners at the same time.

use std::{env, sync::mpsc};

use conversation_settings_testkit::workers::{self, OWNERS, Work};

use crate::{support::Database, worker};

/// The number of batches. `CONVERSATION_TEST_BATCHES` sets it for a long run.
fn batches() -> usize {
    env::var("CONVERSATION_TEST_BATCHES").map_or(500, |number| number.parse().unwrap())
}

#[tokio::test]
async fn serializes_batches_of_four_processes_on_fifty_owners() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let (sender, reports) = mpsc::channel();
    let start = |number| worker::start(number, Work::Update, &database.address, sender.clone());
    let workers: Vec<_> = (0..4).map(start).collect();
    drop(sender);
    let mut all: Vec<_> = reports.iter().take(batches()).collect();
    for worker in workers {
        worker.finish().unwrap();
    }
    all.extend(reports);
    assert!(all.len() >= batches(), "only {} batches", all.len());
    workers::one_after_the_other(&store, &all).await;
    println!("{} batches of four processes on {OWNERS} owners, in one serial order", all.len());
}
