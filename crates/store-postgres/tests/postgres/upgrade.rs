//! A database that version 0.1.0 wrote.

use conversation_settings_core::Patch;
use conversation_settings_store::ConversationStore;
use conversation_settings_testkit::upgrade;

use crate::harness::{Database, NOW, key, set, user};

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

/// Programs of version 0.1.0 that still run while this one migrates do not keep the number of conversations.
#[tokio::test]
async fn counts_conversations_that_an_older_program_wrote() {
    let Some(database) = Database::new().await else { return };
    let client = database.client().await;
    client.batch_execute(&format!("CREATE SCHEMA {}", database.schema)).await.unwrap();
    client.batch_execute(include_str!("../fixtures/migration_1.sql")).await.unwrap();
    let store = database.store().await;
    let count = async |owner: &str| store.count(&user(owner)).await.unwrap();
    let before = count("all").await;
    assert!(before > 1, "counted, since the migration changes no row");
    store.apply(&set([key("all", "sg_newer")], &Patch::KEEP.ex("x")), NOW).await.unwrap();
    assert_eq!(count("all").await, before + 1, "kept from here on");

    let schema = &database.schema;
    let older = format!(
        "INSERT INTO {schema}.owners (owner, version) VALUES ('all', 1), ('new', 1)
             ON CONFLICT (owner) DO UPDATE SET version = owners.version + 1;
         INSERT INTO {schema}.conversations (owner, conversation_id, conversation_type, target_id, created_at, lives, changed_in)
             VALUES ('all', 'sg_older', 3, 'older', 0, '100', 100), ('new', 'sg_older', 3, 'older', 0, '1', 1)"
    );
    client.batch_execute(&older).await.unwrap();
    assert_eq!((count("all").await, count("new").await), (before + 2, 1), "counted anew");
    for owner in ["all", "new"] {
        store.apply(&set([key(owner, "sg_last")], &Patch::KEEP.ex("x")), NOW).await.unwrap();
    }
    assert_eq!((count("all").await, count("new").await), (before + 3, 2));
    let stale = format!("SELECT count(*) FROM {schema}.owners WHERE counted_in <> version AND owner IN ('all', 'new')");
    assert_eq!(client.query_one(&stale, &[]).await.unwrap().get::<_, i64>(0), 0, "a write keeps the number again");
}
