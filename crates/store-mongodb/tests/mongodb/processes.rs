//! Several processes at once on the same owners.

use std::{env, sync::mpsc};

use conversation_settings_testkit::workers::{self, OWNERS, Work};

use crate::{support::Database, worker};

/// How many batches: `CONVERSATION_TEST_BATCHES`, for a long run.
fn batches() -> usize {
    env::var("CONVERSATION_TEST_BATCHES").map_or(500, |number| number.parse().unwrap())
}

#[tokio::test]
async fn four_processes_on_fifty_owners_come_to_what_one_after_the_other_would() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let (sender, told) = mpsc::channel();
    let start = |number| worker::start(number, Work::Update, &database.address, sender.clone());
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
