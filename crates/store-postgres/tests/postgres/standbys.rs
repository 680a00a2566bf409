//! Commits that wait for a synchronous standby which is lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use conversation_settings_core::Patch;
use conversation_settings_store::{ConversationStore, ConversationStoreExt, StoreError};
use conversation_settings_store_postgres::{PostgresStore, Schema};
use tokio::{
    task::{JoinSet, block_in_place},
    time::timeout,
};
use tokio_postgres::Client;

use crate::{
    harness::{NOW, connect, key, set, user},
    server::Server,
};

/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(30);

async fn set_standbys(client: &Client, names: &str) {
    client.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let start = Instant::now();
    while client.query_one("SHOW synchronous_standby_names", &[]).await.unwrap().get::<_, &str>(0) != names {
        assert!(start.elapsed() < SOON, "the server does not reload");
    }
}

/// How many connections the store has, and how many of them wait for a standby.
async fn connections(client: &Client) -> (i64, i64) {
    let sql = "SELECT count(*), count(*) FILTER (WHERE wait_event = 'SyncRep') FROM pg_stat_activity
               WHERE application_name LIKE 'conversation-settings%'";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_and_is_ready_while_commits_wait_for_a_lost_standby() {
    let Some(server) = block_in_place(Server::start) else { return };
    let store = Arc::new(PostgresStore::open(server.url(), &Schema::default()).await.unwrap());
    store.apply(&set([key("a", "sg_1")], &Patch::KEEP.ex("before")), NOW).await.unwrap();
    let client = connect(server.url()).await.unwrap();
    set_standbys(&client, "nobody").await;

    // More callers than connections; the first ones give up before the commit returns.
    let mut tasks = JoinSet::new();
    for n in 0..30 {
        let store = store.clone();
        let batch = set([key(format!("u{n:02}"), "sg_1")], &Patch::KEEP.ex("x"));
        let limit = if n < 10 { Duration::from_millis(500) } else { SOON };
        tasks.spawn(async move { timeout(limit, store.apply(&batch, NOW)).await });
    }
    let start = Instant::now();
    while connections(&client).await.1 < 8 {
        assert!(start.elapsed() < SOON, "writes must wait for the standby");
    }
    // Longer than the store waits for a silent server.
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    while start.elapsed() < Duration::from_secs(8) {
        let asked = Instant::now();
        store.ready().await.unwrap();
        assert_eq!(store.get_one(key("a", "sg_1")).await.unwrap().unwrap().settings.ex.to_string(), "before");
        store.version(&user("u00")).await.unwrap();
        slowest = slowest.max(asked.elapsed());
        let (all, waiting) = connections(&client).await;
        assert!(all <= 11 && waiting <= 8, "{all} connections, {waiting} wait");
    }
    println!("lost standby: the slowest three reads took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");

    // The commits return as soon as no standby is awaited, and so do the connections of callers that gave up.
    set_standbys(&client, "").await;
    let done = tasks.join_all().await;
    for applied in done.into_iter().flatten() {
        if let Err(error) = applied {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        }
    }
    for n in 0..30 {
        store.apply(&set([key(format!("u{n:02}"), "sg_1")], &Patch::KEEP.ex("x")), NOW).await.unwrap();
    }
    assert!(connections(&client).await.0 <= 10);
}
