//! Runs the commands of `docs/postgres.md`.

use std::panic::AssertUnwindSafe;

use conversation_settings_core::{Field, Patch, Version};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter, PageRequest};
use conversation_settings_store_postgres::{OpenError, PostgresStore, Schema};
use futures_util::FutureExt;

use crate::{
    harness::{Database, NOW, conversation, key, remove, set, user},
    opening::refusal,
};

/// The commands with a name, with the schema and roles of this test.
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
async fn works_with_two_roles_and_migrations_by_hand() {
    let Some(database) = Database::new().await else { return };
    let (client, schema) = (database.client().await, &database.schema);
    client.batch_execute(&commands("roles", schema)).await.unwrap();
    let used = AssertUnwindSafe(async {
        let server = format!("{}_server", schema.as_str());
        client.batch_execute(&format!("ALTER ROLE {server} PASSWORD 'secret'")).await.unwrap();
        let url = format!("postgres://{server}:secret{}", &database.url[database.url.find('@').unwrap()..]);

        // The program prints what its owner has to run: all of it on the first start, a column after that.
        let mut migrations = Vec::new();
        for drop_column in [None, Some(Field::ALL.last().unwrap().column())] {
            if let Some(column) = drop_column {
                client.batch_execute(&format!("ALTER TABLE conversations DROP COLUMN {column}")).await.unwrap();
            }
            let (error, sentence) = refusal(&url, schema).await;
            assert!(matches!(error, OpenError::Migration { .. }), "{error:?}");
            let (_, migration) = sentence.split_once("run this as its owner: ").unwrap();
            let owner = format!("SET ROLE {}_owner", schema.as_str());
            client.batch_execute(&format!("{owner}; {migration} RESET ROLE")).await.unwrap();
            // The tables are there, but the program's role has no rights to them yet.
            if drop_column.is_none() {
                let (error, _) = refusal(&url, schema).await;
                assert!(matches!(error, OpenError::Rights { .. }), "{error:?}");
                client.batch_execute(&commands("grants", schema)).await.unwrap();
            }
            drop(PostgresStore::open(&url, schema).await.unwrap());
            migrations.push(migration.to_owned());
        }
        assert!(migrations[0].contains("CREATE TABLE conversations"), "{migrations:?}");
        assert!(!migrations[1].contains("CREATE"), "{migrations:?}");

        let store = PostgresStore::open(&url, schema).await.unwrap();
        store.apply(&set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
        assert!(store.get_one(key("a", "sg_1")).await.unwrap().unwrap().settings.is_pinned);
        store.apply(&remove([key("a", "sg_1")]), NOW).await.unwrap();
        assert_eq!(store.prune(&user("a"), Version(2)).await.unwrap(), 1);
        // The role may not create a schema.
        let other = Schema::new(format!("{}_other", schema.as_str())).unwrap();
        let (error, sentence) = refusal(&url, &other).await;
        assert!(matches!(error, OpenError::Migration { .. }), "{error:?}");
        assert!(sentence.contains(&format!("CREATE SCHEMA {other};")), "{sentence}");
    });
    let used = used.catch_unwind().await;
    // Roles belong to the server, so dropping the schema does not drop them.
    for role in ["owner", "server"].map(|name| format!("{}_{name}", schema.as_str())) {
        client.batch_execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await.unwrap();
    }
    used.unwrap();
}

#[tokio::test]
async fn works_with_partitioned_tables() {
    let Some(database) = Database::new().await else { return };
    let (client, schema, store) = (database.client().await, &database.schema, database.store().await);
    let keys: Vec<_> = (0..100).map(|n| key(format!("u{n:02}"), "sg_team")).collect();
    store.apply(&set(keys.clone(), &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
    let before = store.get(&keys).await.unwrap();
    drop(store);

    client.batch_execute(&commands("vacuum", schema)).await.unwrap();
    // With one role, as here, the page says to leave out these two lines.
    let script = commands("partitions", schema);
    let (of_two_roles, script): (Vec<_>, Vec<_>) =
        script.lines().partition(|line| line.starts_with("SET LOCAL ROLE") || line.starts_with("GRANT "));
    assert_eq!(of_two_roles.len(), 2, "{of_two_roles:?}");
    client.batch_execute(&script.join("\n")).await.unwrap();
    client.batch_execute(&commands("vacuum of partitions", schema)).await.unwrap();
    let store = database.store().await;
    assert_eq!(store.get(&keys).await.unwrap(), before);
    for (round, patch) in [(2, Patch::KEEP.ex("x")), (3, Patch::KEEP.ex("y"))] {
        let applied = store.apply(&set(keys.clone(), &patch), NOW).await.unwrap();
        assert!(applied.effects.iter().all(|effect| effect.version == Some(Version(round))));
    }
    store.apply(&remove(keys[..50].to_vec()), NOW).await.unwrap();
    let page = PageRequest { after: Some(user("u70")), limit: 10 };
    let views = store.list_by_conversation(&conversation("sg_team"), &Filter::ALL, &page).await.unwrap().conversations;
    let owners: Vec<_> = views.iter().map(|view| view.key.owner.as_str()).collect();
    assert_eq!(owners, ["u71", "u72", "u73", "u74", "u75", "u76", "u77", "u78", "u79", "u80"]);
    assert_eq!(store.prune(&user("u00"), Version(9)).await.unwrap(), 1);
}

#[tokio::test]
async fn syncs_in_full_as_soon_as_a_restored_log_has_a_new_identity() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    store.apply(&set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
    let known = store.version(&user("a")).await.unwrap();
    // It acts at once in every program that runs.
    let other = database.store().await;
    database.client().await.batch_execute(&commands("restored", &database.schema)).await.unwrap();
    let log = other.version(&user("a")).await.unwrap().log;
    assert_ne!(log, known.log);
    assert_eq!(store.version(&user("a")).await.unwrap().log, log);
    let changes = store.changes(&user("a"), &known, 10).await.unwrap();
    assert!(matches!(changes, Changes::Full { .. }), "{changes:?}");
}
