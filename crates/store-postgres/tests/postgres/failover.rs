//! A standby takes over: no client keeps what is gone, and nothing more is written to the old primary.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use conversation_settings_core::{Conversation, ConversationId, Patch};
use conversation_settings_store::{Changes, ConversationStore, Filter, LogId, OwnerVersion, PageRequest, StoreError};
use conversation_settings_store_postgres::{PostgresStore, Schema};
use futures_util::future::join_all;
use tokio::task::block_in_place;

use crate::{
    harness::{NOW, connect, key, remove, set, user},
    server::Server,
};

/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// A primary and its asynchronous standby.
struct Pair {
    primary: Server,
    standby: Server,
}

impl Pair {
    fn start() -> Option<Self> {
        let primary = Server::start()?;
        let standby = primary.standby();
        Some(Self { primary, standby })
    }

    /// The address of both, the primary first.
    fn url(&self) -> String {
        let (_, hosts) = self.standby.url().rsplit_once('@').unwrap();
        let (before, database) = self.primary.url().rsplit_once('/').unwrap();
        let (hosts, _) = hosts.split_once('/').unwrap();
        format!("{before},{hosts}/{database}?target_session_attrs=read-write")
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url(), &Schema::default()).await.unwrap()
    }

    /// Waits until the standby has all that the primary has.
    async fn catch_up(&self) {
        let (primary, standby) =
            (connect(self.primary.url()).await.unwrap(), connect(self.standby.url()).await.unwrap());
        let written: String = primary.query_one("SELECT pg_current_wal_lsn()::text", &[]).await.unwrap().get(0);
        let replayed = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn";
        let start = Instant::now();
        while !standby.query_one(replayed, &[&written]).await.unwrap().get::<_, bool>(0) {
            assert!(start.elapsed() < SOON, "the standby stays behind");
        }
    }

    /// Cuts the standby off: what is written from now on is lost with the primary.
    async fn cut_off(&self) {
        let standby = connect(self.standby.url()).await.unwrap();
        standby.batch_execute("ALTER SYSTEM SET primary_conninfo = ''").await.unwrap();
        standby.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let start = Instant::now();
        while !standby.query("SELECT FROM pg_stat_wal_receiver", &[]).await.unwrap().is_empty() {
            assert!(start.elapsed() < SOON, "the standby still receives");
        }
    }
}

/// Repeats `call` while it fails as unavailable. Returns its answer.
async fn until_available<T>(mut call: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    let start = Instant::now();
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
                assert!(start.elapsed() < SOON, "{error:?}");
            }
        }
    }
}

/// A client that follows one owner.
#[derive(Clone, Default)]
struct Client {
    at: OwnerVersion,
    conversations: BTreeMap<ConversationId, Conversation>,
}

impl Client {
    /// Returns whether the client had to sync in full.
    async fn sync(&mut self, store: &PostgresStore) -> bool {
        let changes = until_available(async || store.changes(&user("a"), &self.at, 100).await).await;
        self.at = changes.version();
        match changes {
            Changes::Full(_) => {
                self.conversations = all(store).await;
                true
            }
            Changes::Increment { inserted, updated, removed, .. } => {
                for found in inserted.into_iter().chain(updated) {
                    self.conversations.insert(found.key.conversation_id.clone(), found);
                }
                for id in removed {
                    self.conversations.remove(&id);
                }
                false
            }
        }
    }
}

async fn all(store: &PostgresStore) -> BTreeMap<ConversationId, Conversation> {
    let page = store.list(&user("a"), &Filter::ALL, &PageRequest::first(100)).await.unwrap();
    page.conversations.into_iter().map(|found| (found.key.conversation_id.clone(), found)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syncs_clients_in_full_after_a_promotion_that_lost_writes() {
    let Some(pair) = block_in_place(Pair::start) else { return };
    let store = pair.store().await;
    let pin = |id: &str| set([key("a", id)], &Patch::KEEP.is_pinned(true));
    // A client after each write: the first ones know what the standby has, the others what is lost.
    let mut clients = vec![Client::default()];
    let write = async |batch, clients: &mut Vec<Client>| {
        store.apply(&batch, NOW).await.unwrap();
        let mut client = clients.last().unwrap().clone();
        assert!(!client.sync(&store).await);
        clients.push(client);
    };
    for id in ["sg_1", "sg_2"] {
        write(pin(id), &mut clients).await;
    }
    pair.catch_up().await;
    let before = clients.last().unwrap().at;

    // A standby has no log: it does not know which writes it lacks.
    let reader = PostgresStore::open(pair.standby.url(), &Schema::default()).await.unwrap();
    assert_eq!(reader.version(&user("a")).await.unwrap(), OwnerVersion { log: LogId::NONE, ..before });
    assert!(matches!(reader.changes(&user("a"), &before, 100).await.unwrap(), Changes::Full(_)));
    assert!(matches!(reader.ready().await, Err(StoreError::Unavailable { .. })), "a standby accepts no writes");
    store.ready().await.unwrap();

    pair.cut_off().await;
    for batch in [pin("sg_lost"), remove([key("a", "sg_1")]), pin("sg_lost_2")] {
        write(batch, &mut clients).await;
    }
    block_in_place(|| pair.primary.kill());
    block_in_place(|| pair.standby.promote());
    // The versions of the lost writes are given to others.
    for id in ["sg_3", "sg_4", "sg_5", "sg_6"] {
        until_available(async || store.apply(&pin(id), NOW).await).await;
    }
    reader.ready().await.unwrap();

    let expected = all(&store).await;
    assert_eq!(expected.len(), 6);
    for (n, client) in clients.iter_mut().enumerate() {
        // A client without any version has nothing that it could keep.
        assert_eq!(client.sync(&store).await, n > 0, "client {n}");
        assert_eq!(client.conversations, expected, "client {n}");
        assert!(!client.sync(&store).await, "the new log stays, client {n}");
        assert_eq!(client.at.log, reader.version(&user("a")).await.unwrap().log);
    }
    assert_ne!(clients[0].at.log, before.log);
}

/// The version of each owner, by owner, as a server has it.
async fn versions(server: &Server) -> Vec<(String, i64)> {
    let client = connect(server.url()).await.unwrap();
    let sql = "SELECT owner, version FROM conversation_settings.owners ORDER BY owner";
    client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Ten callers write at once, each to an owner of its own, until they succeed. Returns how long the slowest took.
async fn write_at_once(store: &PostgresStore, ex: &str) -> Duration {
    let start = Instant::now();
    let write = async |n| {
        let batch = set([key(format!("u{n}"), "sg_1")], &Patch::KEEP.ex(ex));
        until_available(async || store.apply(&batch, NOW).await).await;
    };
    join_all((0..10).map(write)).await;
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leaves_a_frozen_primary_soon_and_writes_nothing_to_it_after_the_thaw() {
    let Some(pair) = block_in_place(Pair::start) else { return };
    let store = pair.store().await;
    // Every connection of the pool leads to the primary.
    write_at_once(&store, "before").await;
    pair.catch_up().await;
    let before = versions(&pair.primary).await;

    block_in_place(|| pair.primary.freeze());
    block_in_place(|| pair.standby.promote());
    let start = Instant::now();
    let (wrote, ()) = tokio::join!(write_at_once(&store, "after"), async {
        until_available(async || store.version(&user("u0")).await).await;
        until_available(async || store.ready().await).await;
    });
    println!("frozen: the last of ten writes was done after {wrote:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());

    // The old primary wakes up, and accepts connections and writes again.
    block_in_place(|| pair.primary.thaw());
    assert_eq!(versions(&pair.primary).await, before);
    let end_connections = async || {
        let standby = connect(pair.standby.url()).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name <> '' AND pid <> pg_backend_pid()";
        standby.query(end, &[]).await.unwrap();
    };
    for round in 0..3 {
        write_at_once(&store, &format!("round {round}")).await;
        // New connections do not go to the old primary, though it comes first in the address.
        end_connections().await;
    }
    let restarted = pair.store().await;
    write_at_once(&restarted, "restarted").await;
    let expected: Vec<_> = (0..10).map(|n| (format!("u{n}"), 6)).collect();
    assert_eq!(versions(&pair.standby).await, expected);

    // With nothing but the old primary left, the store refuses to write.
    block_in_place(|| pair.standby.kill());
    let batch = set([key("u0", "sg_1")], &Patch::KEEP.ex("split"));
    let start = Instant::now();
    let error = loop {
        let error = store.apply(&batch, NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        if source.contains("old primary") || start.elapsed() > SOON {
            break source;
        }
    };
    assert!(error.contains("another server has been promoted"), "{error}");
    assert!(error.find("stop the other").unwrap() < error.find("restart").unwrap(), "{error}");
    // It answers reads, but a load balancer must not send calls that all fail.
    until_available(async || store.version(&user("u0")).await).await;
    let error = store.ready().await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(matches!(error, StoreError::Unavailable { .. }) && source.contains("old primary"), "{error:?}");
    assert_eq!(versions(&pair.primary).await, before, "nothing was written to the old primary");
}
