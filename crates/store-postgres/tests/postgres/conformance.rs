//! The conformance suite.

use std::{env, process::Command, sync::Arc};

use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::{Proxy, conformance::Harness, kill::writers};
use tokio::task::JoinSet;

use crate::harness::{Database, proxied};

/// Names the database of the process that a case kills: the address, a space, and the schema.
const DATABASE: &str = "CONVERSATION_KILLED_DATABASE";

struct Postgres;

/// The first handle connects through a proxy, the others directly.
struct Proxied {
    database: Database,
    proxy: Proxy,
    url: String,
}

impl Proxied {
    async fn new() -> Option<Self> {
        let database = Database::new().await?;
        let (proxy, url) = proxied(&database.url).await;
        Some(Self { database, proxy, url })
    }
}

impl Harness for Postgres {
    type Guard = Proxied;
    type Store = PostgresStore;

    const HISTORIES: u32 = 32;

    async fn fresh(&self) -> Option<(Proxied, PostgresStore)> {
        let proxied = Proxied::new().await?;
        let store = PostgresStore::open(&proxied.url, &proxied.database.schema).await.unwrap();
        Some((proxied, store))
    }

    async fn another_handle(&self, proxied: &Proxied, _: &PostgresStore) -> Option<PostgresStore> {
        Some(proxied.database.store().await)
    }

    async fn reopen(&self, proxied: &Proxied, store: PostgresStore) -> Option<PostgresStore> {
        drop(store);
        Some(proxied.database.store().await)
    }

    async fn round_trips(&self, proxied: &Proxied, _: &PostgresStore) -> Option<u64> {
        Some(proxied.proxy.round_trips())
    }

    async fn inject_fault(&self, proxied: &Proxied, _: &PostgresStore) -> Option<()> {
        proxied.proxy.cut();
        Some(())
    }

    fn writing_process(&self, proxied: &Proxied) -> Option<Command> {
        let Database { url, schema } = &proxied.database;
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "conformance::writes_until_killed", "--ignored", "--nocapture"]);
        process.env(DATABASE, format!("{url} {}", schema.as_str()));
        Some(process)
    }
}

conversation_settings_testkit::conformance!(Postgres);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that a conformance case starts and kills"]
async fn writes_until_killed() {
    let Ok(database) = env::var(DATABASE) else { return };
    let (url, schema) = database.split_once(' ').unwrap();
    let schema = Schema::new(schema).unwrap();
    let store: Arc<dyn ConversationStore> = Arc::new(PostgresStore::open(url, &schema).await.unwrap());
    writers(&store).collect::<JoinSet<_>>().join_all().await;
}
