//! The conformance suite.

use std::process::Command;

use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::{Proxy, conformance::Harness, multiprocess::child_process};
use mongodb::bson::doc;

use crate::{
    processes::CHILD,
    support::{Database, address_of},
};

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
        Some(child_process(CHILD, &proxied.database.address))
    }
}

conversation_settings_testkit::conformance!(Mongo);
