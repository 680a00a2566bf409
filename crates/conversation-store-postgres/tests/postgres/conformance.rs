//! The conformance suite.

use conversation_store_postgres::PostgresStore;
use conversation_testkit::conformance::Harness;

use crate::harness::Database;

struct Postgres;

impl Harness for Postgres {
    type Guard = Database;
    type Store = PostgresStore;

    const HISTORIES: u32 = 32;

    async fn fresh(&self) -> Option<(Database, PostgresStore)> {
        let database = Database::new().await?;
        let store = database.store().await;
        Some((database, store))
    }

    async fn another_handle(&self, database: &Database, _: &PostgresStore) -> Option<PostgresStore> {
        Some(database.store().await)
    }

    async fn reopen(&self, database: &Database, store: PostgresStore) -> Option<PostgresStore> {
        drop(store);
        Some(database.store().await)
    }
}

conversation_testkit::conformance!(Postgres);
