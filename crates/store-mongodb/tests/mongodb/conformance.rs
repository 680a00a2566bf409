//! The conformance suite.

use std::{process::Command, sync::Arc};

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::{Proxy, conformance::Harness, multiprocess::child_process};
use mongodb::bson::doc;

use crate::{
    processes::CHILD,
    support::{Database, address_of},
};

/// Stores, wrapped by a function: the suite is compiled once.
struct Mongo(fn(MongoStore) -> Arc<dyn ConversationStore>);

fn alone(store: MongoStore) -> Arc<dyn ConversationStore> {
    Arc::new(store)
}

fn through_a_writer(store: MongoStore) -> Arc<dyn ConversationStore> {
    Arc::new(Writer::new(store, WriterOptions::default()))
}

/// The first handle connects to the primary through a proxy, the others directly.
pub(crate) struct Proxied {
    pub(crate) database: Database,
    pub(crate) proxy: Proxy,
}

impl Proxied {
    pub(crate) async fn new() -> Option<Self> {
        let database = Database::new().await?;
        let hello = database.client.database("admin").run_command(doc! { "hello": 1 }).await.unwrap();
        let proxy = Proxy::start(hello.get_str("primary").unwrap()).await.unwrap();
        Some(Self { database, proxy })
    }

    /// The address behind the proxy.
    pub(crate) fn address(&self) -> String {
        let address = format!("mongodb://{}/", self.proxy.address());
        // The proxy would count the driver's heartbeats as round trips.
        address_of(&address, &self.database.name, "directConnection=true&heartbeatFrequencyMS=600000")
    }

    async fn store(&self) -> MongoStore {
        MongoStore::open(&self.address()).await.unwrap()
    }
}

impl Harness for Mongo {
    type Guard = Proxied;
    type Store = Arc<dyn ConversationStore>;

    const HISTORIES: u32 = 32;

    async fn fresh(&self) -> Option<(Proxied, Self::Store)> {
        let proxied = Proxied::new().await?;
        let store = proxied.store().await;
        Some((proxied, self.0(store)))
    }

    async fn another_handle(&self, proxied: &Proxied, _: &Self::Store) -> Option<Self::Store> {
        Some(self.0(proxied.database.store().await))
    }

    async fn reopen(&self, proxied: &Proxied, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(self.0(proxied.database.store().await))
    }

    async fn round_trips(&self, proxied: &Proxied, _: &Self::Store) -> Option<u64> {
        Some(proxied.proxy.round_trips())
    }

    async fn inject_fault(&self, proxied: &Proxied, _: &Self::Store) -> Option<()> {
        proxied.proxy.cut();
        Some(())
    }

    fn writing_process(&self, proxied: &Proxied) -> Option<Command> {
        Some(child_process(CHILD, &proxied.database.address))
    }
}

conversation_settings_testkit::conformance!(Mongo(alone));

mod through_the_writer {
    use super::{Mongo, through_a_writer};

    conversation_settings_testkit::conformance!(Mongo(through_a_writer));
}
