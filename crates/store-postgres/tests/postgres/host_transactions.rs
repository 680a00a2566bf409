//! Batches within transactions of the host, together with its own tables.

use std::sync::Arc;

use async_trait::async_trait;
use conversation_settings_core::{
    Conversation, ConversationId, GroupId, Key, Patch, Seq, Timestamp, UserId, Version, WriteBatch,
};
use conversation_settings_service::{Context, EventChannel, Service};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, Page, PageRequest, StoreError,
    Wanted,
};
use conversation_settings_store_postgres::{
    PostgresStore, Schema,
    deadpool_postgres::{Manager, Pool},
};
use conversation_settings_testkit::conformance::Harness;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use crate::{
    conformance::Proxied,
    harness::{Database, NOW, connect, conversation, key, remove, set, user},
    outages::{outlive, run},
    server::Server,
};

/// A host that applies each batch in a transaction of its own, and repeats that after a conflict.
#[derive(Debug)]
struct InTransactions {
    store: PostgresStore,
    pool: Pool,
}

impl InTransactions {
    async fn open(url: &str, schema: &Schema) -> Arc<Self> {
        let store = PostgresStore::open(url, schema).await.unwrap();
        let pool = Pool::builder(Manager::new(url.parse().unwrap(), NoTls)).max_size(4).build().unwrap();
        Arc::new(Self { store, pool })
    }

    async fn apply_once(&self, batch: &WriteBatch, at: Timestamp, wanted: &Wanted) -> Result<Applied, StoreError> {
        let mut client = self.pool.get().await.map_err(unavailable)?;
        if !wanted.is_wanted() {
            return Err(StoreError::unwanted("host"));
        }
        let transaction = client.transaction().await.map_err(unavailable)?;
        let applied = self.store.apply_in(&transaction, batch, at).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(applied)
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable { store: "host", source: error.into() }
}

#[async_trait]
impl ConversationStore for InTransactions {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        loop {
            match self.apply_once(batch, at, wanted).await {
                Err(StoreError::Conflict { .. }) => {}
                done => return done,
            }
        }
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.store.get(keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.store.list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.store.list_by_conversation(conversation_id, filter, page).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.store.count(owner).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.store.version(owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.store.changes(owner, since, limit).await
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.store.prune(owner, through).await
    }
}

struct HostTransactions;

impl Harness for HostTransactions {
    type Guard = Proxied;
    type Store = Arc<InTransactions>;

    const HISTORIES: u32 = 8;

    async fn fresh(&self) -> Option<(Proxied, Self::Store)> {
        let proxied = Proxied::new().await?;
        let store = InTransactions::open(&proxied.url, &proxied.database.schema).await;
        Some((proxied, store))
    }

    async fn another_handle(&self, proxied: &Proxied, _: &Self::Store) -> Option<Self::Store> {
        Some(InTransactions::open(&proxied.database.url, &proxied.database.schema).await)
    }

    async fn reopen(&self, proxied: &Proxied, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(InTransactions::open(&proxied.database.url, &proxied.database.schema).await)
    }

    async fn round_trips(&self, proxied: &Proxied, _: &Self::Store) -> Option<u64> {
        Some(proxied.proxy.round_trips())
    }

    async fn inject_fault(&self, proxied: &Proxied, _: &Self::Store) -> Option<()> {
        proxied.proxy.cut();
        Some(())
    }
}

conversation_settings_testkit::conformance!(HostTransactions);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_acknowledged_transactions_when_the_server_is_killed() {
    let Some(server) = tokio::task::block_in_place(Server::start).map(Arc::new) else { return };
    let store = InTransactions::open(server.url(), &Schema::default()).await;
    let (kill, start) = (async || run(&server, Server::kill).await, async || run(&server, Server::start_again).await);
    println!("killed in transactions of the host: {}", outlive(store, kill, start).await);
}

/// A host with members and an outbox, in the schema of the test.
async fn host_tables(database: &Database) -> tokio_postgres::Client {
    let client = database.client().await;
    let tables = "CREATE TABLE members (user_id text PRIMARY KEY);
                  CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, payload text NOT NULL)";
    client.batch_execute(tables).await.unwrap();
    client
}

async fn count(client: &tokio_postgres::Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn leaves_a_group_and_hides_its_conversation_in_one_commit_and_sends_events_after_it() {
    let Some(database) = Database::new().await else { return };
    let store = Arc::new(database.store().await);
    let events = Arc::new(EventChannel::new(8));
    let mut received = events.subscribe();
    let service = Service::builder(Arc::clone(&store)).events(events).build();
    let mut client = host_tables(&database).await;
    client.batch_execute("INSERT INTO members VALUES ('alice'), ('bob')").await.unwrap();
    let (alice, team) = (user("alice"), GroupId::new("team").unwrap());
    let id = ConversationId::group(&team);
    store.apply(&set([key("alice", &id)], &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
    let context = Context::user(alice.clone()).with_operation_id("leave");

    for commits in [false, true] {
        let plan = service.plan_remove(&context, &alice, std::slice::from_ref(&id)).await.unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.execute("DELETE FROM members WHERE user_id = 'alice'", &[]).await.unwrap();
        let applied = store.apply_in(&transaction, plan.batch(), plan.at()).await.unwrap();
        let uncommitted = plan.applied(&applied);
        let payload = uncommitted.report().entries[0].outcome.name();
        transaction.execute("INSERT INTO outbox (payload) VALUES ($1)", &[&payload]).await.unwrap();
        // Nobody else sees any of it yet.
        assert!(store.get_one(key("alice", &id)).await.unwrap().is_some());
        if commits {
            transaction.commit().await.unwrap();
            let report = uncommitted.committed();
            assert_eq!(report.entries[0].version, Some(Version(2)));
        } else {
            transaction.rollback().await.unwrap();
            drop(uncommitted);
        }
        assert_eq!(store.get_one(key("alice", &id)).await.unwrap().is_none(), commits);
        assert_eq!(
            (count(&client, "members").await, count(&client, "outbox").await),
            if commits { (1, 1) } else { (2, 0) }
        );
    }
    let event = received.recv().await.unwrap();
    assert_eq!((event.owner, event.version, &*event.operation_id), (alice.clone(), Version(2), "leave"));
    assert!(received.try_recv().is_err(), "the transaction that was rolled back has no event");

    // What a plan checks, it checks before anything is written.
    service.plan_remove(&Context::user(user("bob")), &alice, &[id]).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn serializes_transactions_of_the_host_with_other_writers() {
    let Some(database) = Database::new().await else { return };
    let host = InTransactions::open(&database.url, &database.schema).await;
    let client = host_tables(&database).await;
    let mut tasks = JoinSet::new();
    for n in 1..=120_i64 {
        let (host, schema) = (Arc::clone(&host), database.schema.clone());
        tasks.spawn(async move {
            let batch =
                set(["a", "b"].map(|owner| key(owner, "sg_1")), &Patch::KEEP.max_seq(Seq::try_from(n).unwrap()));
            if n % 2 == 0 {
                return host.store.apply(&batch, NOW).await.unwrap().effects[0].version;
            }
            loop {
                let mut client = host.pool.get().await.unwrap();
                let transaction = client.transaction().await.unwrap();
                let outbox = format!("INSERT INTO {schema}.outbox (payload) VALUES ('{n}')");
                transaction.execute(&outbox, &[]).await.unwrap();
                match host.store.apply_in(&transaction, &batch, NOW).await {
                    Ok(applied) => {
                        transaction.commit().await.unwrap();
                        return applied.effects[0].version;
                    }
                    Err(StoreError::Conflict { .. }) => transaction.rollback().await.unwrap(),
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
    }
    let mut versions: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=120).map(Version).collect::<Vec<_>>(), "each version once");
    assert_eq!(count(&client, "outbox").await, 60, "one row for each transaction");
}

#[tokio::test]
async fn leaves_the_transaction_usable_after_an_error() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let mut client = host_tables(&database).await;
    store.apply(&set([key("a", "sg_1")], &Patch::KEEP.ex("before")), NOW).await.unwrap();
    client.batch_execute("SET lock_timeout = '500ms'").await.unwrap();
    let other = connect(&database.url).await.unwrap();
    let lock = format!("BEGIN; SELECT FROM {}.owners FOR UPDATE", database.schema);
    other.batch_execute(&lock).await.unwrap();

    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO outbox (payload) VALUES ('kept')", &[]).await.unwrap();
    let batch = set([key("new", "sg_1"), key("a", "sg_1")], &Patch::KEEP.ex("after"));
    let error = store.apply_in(&transaction, &batch, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    let applied = store.apply_in(&transaction, &remove([key("b", "sg_1")]), NOW).await.unwrap();
    assert!(!applied.effects[0].outcome.is_change());
    transaction.commit().await.unwrap();

    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(count(&client, "outbox").await, 1);
    assert!(store.get_one(key("new", "sg_1")).await.unwrap().is_none());
    let found = store.get_one(Key::new(user("a"), conversation("sg_1"))).await.unwrap().unwrap();
    assert_eq!(found.settings.ex.to_string(), "before");
}
