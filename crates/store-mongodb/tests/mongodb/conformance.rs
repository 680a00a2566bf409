//! The conformance suite.

use std::{env, process::Command, sync::Arc};

use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::{Proxy, conformance::Harness, kill::writers};
use mongodb::bson::doc;
use tokio::task::JoinSet;

use crate::support::{Database, address_of};

/// The environment variable with the address for the process that a case kills.
const ADDRESS: &str = "CONVERSATION_KILLED_ADDRESS";

struct Mongo;

/// The first handle connects to the primary through a proxy, the others directly.
struct Proxied {
    database: Database,
    proxy: Proxy,
}

impl Proxied {
    async fn new() -> Option<Self> {
        let database = Database::new().await?;
        let hello = database.client.database("admin").run_command(doc! { "hello": 1 }).await.unwrap();
        let proxy = Proxy::start(hello.get_str("primary").unwrap()).await.unwrap();
        Some(Self { database, proxy })
    }

    async fn store(&self) -> MongoStore {
        let address = format!("mongodb://{}/", self.proxy.address());
        // The proxy would count the driver's heartbeats as round trips.
        let options = "directConnection=true&heartbeatFrequencyMS=600000";
        MongoStore::open(&address_of(&address, &self.database.name, options)).await.unwrap()
    }
}

impl Harness for Mongo {
    type Guard = Proxied;
    type Store = MongoStore;

    const HISTORIES: u32 = 32;

    async fn fresh(&self) -> Option<(Proxied, MongoStore)> {
        let proxied = Proxied::new().await?;
        let store = proxied.store().await;
        Some((proxied, store))
    }

    async fn another_handle(&self, proxied: &Proxied, _: &MongoStore) -> Option<MongoStore> {
        Some(proxied.database.store().await)
    }

    async fn reopen(&self, proxied: &Proxied, store: MongoStore) -> Option<MongoStore> {
        drop(store);
        Some(proxied.database.store().await)
    }

    async fn round_trips(&self, proxied: &Proxied, _: &MongoStore) -> Option<u64> {
        Some(proxied.proxy.round_trips())
    }

    async fn inject_fault(&self, proxied: &Proxied, _: &MongoStore) -> Option<()> {
        proxied.proxy.cut();
        Some(())
    }

    fn writing_process(&self, proxied: &Proxied) -> Option<Command> {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "conformance::writes_until_killed", "--ignored", "--nocapture"]);
        process.env(ADDRESS, &proxied.database.address);
        Some(process)
    }
}

conversation_settings_testkit::conformance!(Mongo);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a case starts and kills this as a process"]
async fn writes_until_killed() {
    let Ok(address) = env::var(ADDRESS) else { return };
    let store: Arc<dyn ConversationStore> = Arc::new(MongoStore::open(&address).await.unwrap());
    writers(&store).collect::<JoinSet<_>>().join_all().await;
}
