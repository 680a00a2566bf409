//! Finding a server and a schema, and making the tables.

use std::collections::BTreeSet;

use conversation_settings_core::{Field, Kind, Patch};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest, StoreError};
use conversation_settings_store_postgres::{OpenError, PostgresStore, Schema};
use tokio::task::JoinSet;

use crate::harness::{Database, NOW, key, set, user};

/// The sentence with which opening `url` fails.
pub(crate) async fn refusal(url: &str, schema: &Schema) -> (OpenError, String) {
    let error = PostgresStore::open(url, schema).await.unwrap_err();
    let sentence = error.to_string();
    assert!(!sentence.contains("secret") && !sentence.contains('\n'), "{sentence}");
    (error, sentence)
}

#[tokio::test]
async fn an_address_that_is_none_is_told_so() {
    for wrong in ["", "postgres://", "postgres://me:secret@host:port/db", "host=one sslmode=secret", "user=me"] {
        let (error, _) = refusal(wrong, &Schema::default()).await;
        assert!(matches!(error, OpenError::Address), "{wrong}: {error}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_told_so() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, sentence) = refusal(&format!("postgres://me:secret@127.0.0.1:{port}/db"), &Schema::default()).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(sentence.contains(&port.to_string()), "{sentence}");
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_database_are_told_so() {
    let Some(database) = Database::new().await else { return };
    let mut address = database.url.clone();
    let rest = address.split_off(address.find('@').unwrap());
    let (error, _) = refusal(&format!("postgres://nobody:secret{rest}"), &database.schema).await;
    assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
    let (server, _) = database.url.rsplit_once('/').unwrap();
    let (error, _) = refusal(&format!("{server}/secret_database"), &database.schema).await;
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
}

#[tokio::test]
async fn tables_that_something_else_has_made_are_left_alone() {
    for table in ["CREATE TABLE owners (name text)", "CREATE TABLE store (log bytea, migration integer)"] {
        let Some(database) = Database::new().await else { return };
        let client = database.client().await;
        client.batch_execute(&format!("CREATE SCHEMA {}; {table}", database.schema)).await.unwrap();
        let (error, sentence) = refusal(&database.url, &database.schema).await;
        assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
        assert!(sentence.contains(database.schema.as_str()), "{sentence}");
        let tables = "SELECT FROM pg_tables WHERE schemaname = $1";
        assert_eq!(client.query(tables, &[&database.schema.as_str()]).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_refused() {
    let Some(database) = Database::new().await else { return };
    drop(database.store().await);
    database.client().await.batch_execute("UPDATE store SET migration = 1000").await.unwrap();
    let (error, _) = refusal(&database.url, &database.schema).await;
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_that_start_at_once_make_the_tables_once() {
    let Some(database) = Database::new().await else { return };
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (url, schema) = (database.url.clone(), database.schema.clone());
        tasks.spawn(async move {
            let store = PostgresStore::open(&url, &schema).await.unwrap();
            store.version(&user("a")).await.unwrap().log
        });
    }
    let logs: BTreeSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(logs.len(), 1, "one log for all: {logs:?}");
}

#[tokio::test]
async fn the_tables_have_a_column_for_each_setting_and_no_other() {
    let Some(database) = Database::new().await else { return };
    drop(database.store().await);
    let columns = "SELECT column_name::text, data_type::text FROM information_schema.columns
                   WHERE table_schema = $1 AND table_name = 'conversations'";
    let columns = database.client().await.query(columns, &[&database.schema.as_str()]).await.unwrap();
    let found: BTreeSet<(String, String)> = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
    let settings = Field::ALL.iter().map(|field| {
        let of = match field.kind() {
            Kind::Bool => "boolean",
            Kind::I32 => "integer",
            Kind::I64 | Kind::Timestamp => "bigint",
            Kind::Text => "bytea",
        };
        (field.column(), of)
    });
    let others = [
        ("owner", "text"),
        ("conversation_id", "text"),
        ("conversation_type", "integer"),
        ("target_id", "text"),
        ("created_at", "bigint"),
        ("lives", "text"),
        ("changed_in", "bigint"),
    ];
    let expected = settings.chain(others).map(|(name, of)| (name.to_owned(), of.to_owned())).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_row_damaged_by_hand_is_corrupt_and_hurts_no_other() {
    let Some(database) = Database::new().await else { return };
    let (store, client) = (database.store().await, database.client().await);
    let damages = [
        "recv_msg_opt = 99",
        "recv_msg_opt = NULL",
        "conversation_type = 7",
        "target_id = NULL",
        "created_at = NULL",
        "burn_duration = -1",
        "ex = '\\xff'",
        "lives = 'many'",
        "changed_in = -1",
    ];
    for (n, damage) in damages.into_iter().enumerate() {
        let keys = ["sg_1", "sg_2"].map(|id| key(format!("u{n}"), id));
        store.apply(&set(keys.clone(), &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
        let damage = format!("UPDATE conversations SET {damage} WHERE conversation_id = 'sg_1' AND owner = $1");
        assert_eq!(client.execute(&damage, &[&keys[0].owner.as_str()]).await.unwrap(), 1);
        let is_named = |result: Result<(), StoreError>| match result {
            Err(StoreError::Corrupt { key: Some(key), .. }) => *key == keys[0],
            _ => false,
        };
        assert!(is_named(store.get(&keys[..1]).await.map(drop)), "{damage}");
        assert!(
            is_named(store.list(&keys[0].owner, &Filter::ALL, &PageRequest::first(10)).await.map(drop)),
            "{damage}"
        );
        let both = set(keys.clone(), &Patch::KEEP.is_pinned(false));
        assert!(is_named(store.apply(&both, NOW).await.map(drop)), "{damage}");
        assert!(store.get_one(keys[1].clone()).await.unwrap().unwrap().settings.is_pinned);
        store.apply(&set([keys[1].clone()], &Patch::KEEP.is_pinned(false)), NOW).await.unwrap();
    }
}
