//! A process that works until it is told to finish.

use std::{
    env,
    process::Command,
    sync::{Arc, mpsc::Sender},
};

use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::workers::{self, Told, Work, Worker};

/// Tells the process where to write.
const ADDRESS: &str = "CONVERSATION_WORKER_ADDRESS";

/// Starts a worker on the database at `address`; what it tells goes to `told`.
pub(crate) fn start(number: usize, work: Work, address: &str, told: Sender<Told>) -> Worker {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "worker::works", "--ignored", "--nocapture"]).env(ADDRESS, address);
    Worker::start(number, work, &mut process, told).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "this is what other tests start as a process"]
async fn works() {
    let Ok(address) = env::var(ADDRESS) else { return };
    // Long logs, so that every batch can be found in them at the end.
    workers::work(Arc::new(MongoStore::open(&address).await.unwrap().with_log_entries(1_000_000))).await;
}
