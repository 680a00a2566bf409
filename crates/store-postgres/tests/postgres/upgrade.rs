//! A database that version 0.1.0 wrote.

use conversation_settings_store::ConversationStore;
use conversation_settings_testkit::upgrade;

use crate::harness::{Database, user};

#[tokio::test]
async fn reads_and_writes_a_database_of_version_0_1_0() {
    let Some(database) = Database::new().await else { return };
    let client = database.client().await;
    client.batch_execute(&format!("CREATE SCHEMA {}", database.schema)).await.unwrap();
    client.batch_execute(include_str!("../fixtures/migration_1.sql")).await.unwrap();
    let store = database.store().await;
    assert_eq!(store.version(&user("all")).await.unwrap().log.to_string(), "638f04df972dc566a729889c");
    upgrade::check(&store).await;
}

#[tokio::test]
async fn checks_a_database_of_this_version_alike() {
    let Some(database) = Database::new().await else { return };
    upgrade::write(&database.store().await).await;
    upgrade::check(&database.store().await).await;
}
