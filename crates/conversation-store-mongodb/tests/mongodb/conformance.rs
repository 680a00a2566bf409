//! The conformance suite.

use conversation_store_mongodb::MongoStore;
use conversation_testkit::conformance::Harness;

use crate::support::Database;

struct Mongo;

impl Harness for Mongo {
    type Guard = Database;
    type Store = MongoStore;

    const HISTORIES: u32 = 32;

    async fn fresh(&self) -> Option<(Database, MongoStore)> {
        let database = Database::new().await?;
        let store = database.store().await;
        Some((database, store))
    }

    async fn another_handle(&self, database: &Database, _: &MongoStore) -> Option<MongoStore> {
        Some(database.store().await)
    }

    async fn reopen(&self, database: &Database, store: MongoStore) -> Option<MongoStore> {
        drop(store);
        Some(database.store().await)
    }
}

conversation_testkit::conformance!(Mongo);
