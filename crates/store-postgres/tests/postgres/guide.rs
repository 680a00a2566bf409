//! What `docs/postgres.md` says to run, run.

use std::panic::AssertUnwindSafe;

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter, PageRequest};
use conversation_settings_store_postgres::{OpenError, PostgresStore, Schema};
use futures_util::FutureExt;

use crate::{
    harness::{Database, NOW, conversation, key, remove, set, user},
    opening::refusal,
};

/// The commands under a name, for a schema and roles of the test's own.
fn commands(name: &str, schema: &Schema) -> String {
    let guide = include_str!("../../../../docs/postgres.md");
    let (_, rest) = guide.split_once(&format!("<!-- test: {name} -->\n```sql\n")).unwrap();
    let (commands, _) = rest.split_once("```").unwrap();
    commands
        .replace("conversation_settings", schema.as_str())
        .replace("conversation_owner", &format!("{}_owner", schema.as_str()))
        .replace("conversation_server", &format!("{}_server", schema.as_str()))
}

#[tokio::test]
async fn two_roles_and_migrations_by_hand_are_enough() {
    let Some(database) = Database::new().await else { return };
    let (client, schema) = (database.client().await, &database.schema);
    client.batch_execute(&commands("roles", schema)).await.unwrap();
    let used = AssertUnwindSafe(async {
        let migration = include_str!("../../migrations/0001_conversations.sql");
        let as_owner = format!("BEGIN; SET LOCAL ROLE {}_owner; {migration}; COMMIT", schema.as_str());
        client.batch_execute(&as_owner).await.unwrap();
        client.batch_execute(&commands("grants", schema)).await.unwrap();
        let server = format!("{}_server", schema.as_str());
        client.batch_execute(&format!("ALTER ROLE {server} PASSWORD 'secret'")).await.unwrap();
        let url = format!("postgres://{server}:secret{}", &database.url[database.url.find('@').unwrap()..]);

        let store = PostgresStore::open(&url, schema).await.unwrap();
        store.apply(&set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
        assert!(store.get_one(key("a", "sg_1")).await.unwrap().unwrap().settings.is_pinned);
        store.apply(&remove([key("a", "sg_1")]), NOW).await.unwrap();
        assert_eq!(store.prune(&user("a"), Version(2)).await.unwrap(), 1);
        // It may not make a schema.
        let other = Schema::new(format!("{}_other", schema.as_str())).unwrap();
        let (error, _) = refusal(&url, &other).await;
        assert!(matches!(error, OpenError::Rights { .. }), "{error:?}");
    });
    let used = used.catch_unwind().await;
    // Roles are the server's, so they do not go with the schema.
    for role in ["owner", "server"].map(|name| format!("{}_{name}", schema.as_str())) {
        client.batch_execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await.unwrap();
    }
    used.unwrap();
}

#[tokio::test]
async fn tables_in_partitions_hold_what_they_held_and_do_what_they_did() {
    let Some(database) = Database::new().await else { return };
    let (client, schema, store) = (database.client().await, &database.schema, database.store().await);
    let keys: Vec<_> = (0..100).map(|n| key(format!("u{n:02}"), "sg_team")).collect();
    store.apply(&set(keys.clone(), &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
    let before = store.get(&keys).await.unwrap();
    drop(store);

    client.batch_execute(&commands("vacuum", schema)).await.unwrap();
    client.batch_execute(&commands("partitions", schema)).await.unwrap();
    let store = database.store().await;
    assert_eq!(store.get(&keys).await.unwrap(), before);
    for (round, patch) in [(2, Patch::KEEP.ex("x")), (3, Patch::KEEP.ex("y"))] {
        let applied = store.apply(&set(keys.clone(), &patch), NOW).await.unwrap();
        assert!(applied.effects.iter().all(|effect| effect.version == Some(Version(round))));
    }
    store.apply(&remove(keys[..50].to_vec()), NOW).await.unwrap();
    let page = PageRequest { after: Some(user("u70")), limit: 10 };
    let holders =
        store.list_by_conversation(&conversation("sg_team"), &Filter::ALL, &page).await.unwrap().conversations;
    let owners: Vec<_> = holders.iter().map(|holder| holder.key.owner.as_str()).collect();
    assert_eq!(owners, ["u71", "u72", "u73", "u74", "u75", "u76", "u77", "u78", "u79", "u80"]);
    assert_eq!(store.prune(&user("u00"), Version(9)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_restored_backup_under_a_new_identity_sends_every_client_to_a_full_sync() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    store.apply(&set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
    let known = store.version(&user("a")).await.unwrap();
    drop(store);
    database.client().await.batch_execute(&commands("restored", &database.schema)).await.unwrap();
    let store = database.store().await;
    let changes = store.changes(&user("a"), &known, 10).await.unwrap();
    assert!(matches!(changes, Changes::Full { .. }), "{changes:?}");
}
