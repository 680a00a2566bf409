//! A process that writes until the test ends it.

use std::{
    env,
    process::Command,
    sync::{Arc, mpsc::Sender},
};

use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::workers::{self, Told, Work, Worker};

/// The environment variable with the address for the process.
const ADDRESS: &str = "CONVERSATION_WORKER_ADDRESS";

/// Starts a worker on the database at `address`, which sends its reports to `reports`.
pub(crate) fn start(number: usize, work: Work, address: &str, reports: Sender<Told>) -> Worker {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "worker::works", "--ignored", "--nocapture"]).env(ADDRESS, address);
    Worker::start(number, work, &mut process, reports).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "other tests start this as a process"]
async fn works() {
    let Ok(address) = env::var(ADDRESS) else { return };
    // Long logs, so that the test finds every batch in them at the end.
    workers::work(Arc::new(MongoStore::open(&address).await.unwrap().with_log_entries(1_000_000))).await;
}
