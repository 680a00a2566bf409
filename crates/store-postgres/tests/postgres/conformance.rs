//! The conformance suite.

use std::process::Command;

use conversation_settings_store_postgres::PostgresStore;
use conversation_settings_testkit::{Proxy, conformance::Harness, multiprocess::child_process};

use crate::{harness::Database, processes::CHILD};

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
        let (proxy, url) = Proxy::before(&database.url).await.unwrap();
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
        Some(child_process(CHILD, proxied.database.location()))
    }
}

conversation_settings_testkit::conformance!(Postgres);
