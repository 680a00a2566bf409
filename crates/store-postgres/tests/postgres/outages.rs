//! The server goes away under load, or its connections do, and is there again: what was acknowledged is there, nothing
//! is there by halves, every call was answered in time, and the store goes on without being opened again.
//!
//! `CONVERSATION_KILLS` says how many times each of them happens, 3 unless told.

use std::{
    env,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::kill::Kills;
use tokio::task::spawn_blocking;

use crate::{
    harness::{Database, connect},
    server::Server,
};

/// The longest that a call may take whose server goes away, in which the store waits for a connection for ten seconds.
const LONGEST: Duration = Duration::from_secs(15);

fn rounds() -> usize {
    env::var("CONVERSATION_KILLS").map_or(3, |times| times.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "each run has to strike at other moments")]
fn seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Has `strike` happen to those who write, again and again, and `mend` after it; the figures.
async fn outlive(store: PostgresStore, strike: impl AsyncFn(), mend: impl AsyncFn()) -> String {
    let store: Arc<dyn ConversationStore> = Arc::new(store);
    let mut kills = Kills::new(seed());
    let mut longest = Duration::ZERO;
    for _ in 0..rounds() {
        longest = kills.strike(&store, strike()).await.unwrap().max(longest);
        mend().await;
        kills.check(&*store).await.unwrap();
    }
    assert!(kills.tally().is_clean(), "{kills:?}");
    assert!(kills.tally().acknowledged > 0, "{kills:?}");
    assert!(longest < LONGEST, "{longest:?}");
    format!("{}; every call answered within {longest:.1?}", kills.tally())
}

/// What a script does to a server, which takes its time.
async fn run(server: &Arc<Server>, command: fn(&Server)) {
    let server = server.clone();
    spawn_blocking(move || command(&server)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_has_lost_nothing_acknowledged_when_it_is_there_again() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    let store = PostgresStore::open(server.url(), &Schema::default()).await.unwrap();
    let (kill, start) = (async || run(&server, Server::kill).await, async || run(&server, Server::start_again).await);
    println!("killed: {}", outlive(store, kill, start).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_is_found_again() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    let store = PostgresStore::open(server.url(), &Schema::default()).await.unwrap();
    let restart = async || run(&server, Server::restart).await;
    println!("restarted: {}", outlive(store, restart, async || {}).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_are_replaced() {
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
