//! The conformance suite.

use std::{process::Command, sync::Arc};

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::PostgresStore;
use conversation_settings_testkit::{Proxy, conformance::Harness, multiprocess::child_process};

use crate::{harness::Database, processes::CHILD};

/// Stores, wrapped by a function: the suite is compiled once.
struct Postgres(fn(PostgresStore) -> Arc<dyn ConversationStore>);

fn alone(store: PostgresStore) -> Arc<dyn ConversationStore> {
    Arc::new(store)
}

fn through_a_writer(store: PostgresStore) -> Arc<dyn ConversationStore> {
    Arc::new(Writer::new(store, WriterOptions::default()))
}

/// The first handle connects through a proxy, the others directly.
pub(crate) struct Proxied {
    pub(crate) database: Database,
    pub(crate) proxy: Proxy,
    pub(crate) url: String,
}

impl Proxied {
    pub(crate) async fn new() -> Option<Self> {
        let database = Database::new().await?;
        let (proxy, url) = Proxy::before(&database.url).await.unwrap();
        Some(Self { database, proxy, url })
    }
}

impl Harness for Postgres {
    type Guard = Proxied;
    type Store = Arc<dyn ConversationStore>;

    const HISTORIES: u32 = 32;

    async fn fresh(&self) -> Option<(Proxied, Self::Store)> {
        let proxied = Proxied::new().await?;
        let store = PostgresStore::open(&proxied.url, &proxied.database.schema).await.unwrap();
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
        Some(child_process(CHILD, proxied.database.location()))
    }
}

conversation_settings_testkit::conformance!(Postgres(alone));

mod through_the_writer {
    use super::{Postgres, through_a_writer};

    conversation_settings_testkit::conformance!(Postgres(through_a_writer));
}
