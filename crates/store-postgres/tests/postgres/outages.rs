//! Outages under load: acknowledged batches survive, none is partial, every call returns in time, and the store
//! recovers without being opened again.
//!
//! `CONVERSATION_KILLS` sets the number of outages of each kind; 3 by default.

use std::{env, sync::Arc, time::Duration};

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::crash;
use tokio::task::spawn_blocking;

use crate::{
    harness::{Database, connect},
    server::Server,
};

/// The longest that a call may take during an outage; the store waits up to ten seconds for a connection.
const LONGEST: Duration = Duration::from_secs(15);

fn rounds() -> usize {
    env::var("CONVERSATION_KILLS").map_or(3, |times| times.parse().unwrap())
}

/// Repeats `strike` and `mend` under load. Returns the figures.
pub(crate) async fn outlive(store: impl ConversationStore, strike: impl AsyncFn(), mend: impl AsyncFn()) -> String {
    let outlived = crash::outlive(Arc::new(store), rounds(), strike, mend).await;
    assert!(outlived.longest < LONGEST, "{outlived}");
    outlived.to_string()
}

/// Runs a blocking command on the server.
pub(crate) async fn run(server: &Arc<Server>, command: fn(&Server)) {
    let server = server.clone();
    spawn_blocking(move || command(&server)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_acknowledged_batches_when_the_server_is_killed() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    let store = PostgresStore::open(server.url(), &Schema::default()).await.unwrap();
    let (kill, start) = (async || run(&server, Server::kill).await, async || run(&server, Server::start_again).await);
    println!("killed: {}", outlive(store, kill, start).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_acknowledged_batches_of_a_writer_when_the_server_is_killed() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    let store = PostgresStore::open(server.url(), &Schema::default()).await.unwrap();
    let writer = Writer::new(store, WriterOptions::default());
    let (kill, start) = (async || run(&server, Server::kill).await, async || run(&server, Server::start_again).await);
    println!("killed below a writer: {}", outlive(writer, kill, start).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconnects_to_a_restarted_server() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    let store = PostgresStore::open(server.url(), &Schema::default()).await.unwrap();
    let restart = async || run(&server, Server::restart).await;
    println!("restarted: {}", outlive(store, restart, async || {}).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaces_connections_that_the_server_closes() {
    let Some(database) = Database::new().await else { return };
    let name = database.schema.as_str();
    let url = format!("{}?application_name={name}", database.url);
    let store = PostgresStore::open(&url, &database.schema).await.unwrap();
    let client = connect(&database.url).await.unwrap();
    let terminate = async || {
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
        client.query(terminate, &[&name]).await.unwrap();
    };
    println!("terminated: {}", outlive(store, terminate, async || {}).await);
}
