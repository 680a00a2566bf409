//! Connecting to a server, and migrating a schema.

use std::collections::BTreeSet;

use conversation_settings_core::{BurnDuration, Field, Kind, Patch, Settings, Timestamp};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest, StoreError};
use conversation_settings_store_postgres::{OpenError, PostgresStore, Schema};
use tokio::task::JoinSet;

use crate::harness::{Database, NOW, key, remove, set, user};

/// The error and message with which opening `url` fails.
pub(crate) async fn refusal(url: &str, schema: &Schema) -> (OpenError, String) {
    let error = PostgresStore::open(url, schema).await.unwrap_err();
    let sentence = error.to_string();
    assert!(!sentence.contains("secret") && !sentence.contains('\n'), "{sentence}");
    (error, sentence)
}

#[tokio::test]
async fn refuses_an_invalid_address() {
    for wrong in ["", "postgres://", "postgres://me:secret@host:port/db", "host=one sslmode=secret", "user=me"] {
        let (error, _) = refusal(wrong, &Schema::default()).await;
        assert!(matches!(error, OpenError::Address { .. }), "{wrong}: {error}");
    }
}

/// The rest of the password would be a host, which errors print.
#[tokio::test]
async fn refuses_a_password_that_is_not_encoded() {
    for login in ["me:p@secret/w&d", "me:p@secret", "me:secret/w", "me:secret?p@x", "me@secret:x"] {
        for scheme in ["postgres", "postgresql"] {
            let url = format!("{scheme}://{login}@127.0.0.1:1/db?sslmode=require");
            let (error, sentence) = refusal(&url, &Schema::default()).await;
            assert!(matches!(error, OpenError::Address { .. }), "{error:?}");
            assert!(sentence.contains("not encoded") && sentence.contains("%40 for @"), "{sentence}");
        }
    }
    let url = "postgres://me:p%40secret%2Fw%26d@127.0.0.1:1/db";
    let (error, _) = refusal(url, &Schema::default()).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn names_the_option_that_is_not_supported() {
    for (options, expected) in [
        (
            "sslrootcert=/ca.pem",
            "sslrootcert in the PostgreSQL address is not supported: name the file of your own authority",
        ),
        (
            "sslmode=require&schema=public",
            "schema in the PostgreSQL address is not supported: the schema is not a part",
        ),
        ("ssl=true", "ssl in the PostgreSQL address is not supported: write sslmode=require"),
        ("pgbouncer=true", "pgbouncer in the PostgreSQL address is not supported: leave it out"),
        (
            "target_sesion_attrs=read-write",
            "target_sesion_attrs in the PostgreSQL address is not supported: did you mean target_session_attrs?",
        ),
        ("replicaSet=rs0", "replicaSet in the PostgreSQL address is not supported"),
        (
            "sslmode=verify-full",
            "sslmode in the PostgreSQL address must be disable, prefer or require; require verifies",
        ),
        ("channel_binding=yes", "channel_binding in the PostgreSQL address must be disable, prefer or require"),
        ("connect_timeout=secret", "connect_timeout in the PostgreSQL address has an invalid value"),
    ] {
        let (error, sentence) = refusal(&format!("postgres://me:secret@h/db?{options}"), &Schema::default()).await;
        assert!(matches!(error, OpenError::AddressOption { .. }), "{options}: {error:?}");
        assert!(sentence.starts_with(&format!("the option {expected}")), "{options}: {sentence}");
    }
    // A part of a password is not an option's name.
    for address in ["postgres://me:x?secret=y@h/db?z=1", "postgres://h/db?user=me&password=x&secret=y"] {
        let (error, sentence) = refusal(address, &Schema::default()).await;
        assert!(!matches!(error, OpenError::AddressOption { .. }), "{sentence}");
    }
}

#[tokio::test]
async fn accepts_the_options_that_hosted_databases_put_into_addresses() {
    for options in [
        "sslmode=require&channel_binding=require",
        "sslmode=prefer&target_session_attrs=read-write&connect_timeout=1",
        "application_name=chat&options=-c%20statement_timeout=5s&keepalives=1&keepalives_idle=30",
    ] {
        // Nothing listens on the port, so the address was accepted.
        let (error, sentence) = refusal(&format!("postgres://me@127.0.0.1:1/db?{options}"), &Schema::default()).await;
        assert!(matches!(error, OpenError::Unreachable { .. }), "{options}: {sentence}");
    }
}

#[tokio::test]
async fn reports_a_server_that_cannot_be_reached() {
    // A port on which nothing listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, sentence) = refusal(&format!("postgres://me:secret@127.0.0.1:{port}/db"), &Schema::default()).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(sentence.contains(&port.to_string()), "{sentence}");
}

#[tokio::test]
async fn reports_an_unknown_role_and_an_unknown_database() {
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
async fn refuses_tables_of_another_program_and_leaves_them_alone() {
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
async fn refuses_a_schema_of_a_later_version() {
    for (change, evidence) in [
        ("UPDATE store SET migration = 1000", "migration 1000"),
        ("ALTER TABLE conversations ADD COLUMN later integer DEFAULT 0", "column conversations.later"),
    ] {
        let Some(database) = Database::new().await else { return };
        drop(database.store().await);
        database.client().await.batch_execute(change).await.unwrap();
        let (error, sentence) = refusal(&database.url, &database.schema).await;
        assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
        assert!(sentence.ends_with(evidence), "{sentence}");
    }
}

#[tokio::test]
async fn migrates_a_schema_that_lacks_settings() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    // One conversation, and one tombstone.
    let keys = ["sg_1", "sg_2"].map(|id| key("a", id));
    store.apply(&set(keys.clone(), &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();
    store.apply(&remove([keys[1].clone()]), NOW).await.unwrap();
    let (before, log) = (store.get(&keys).await.unwrap(), store.version(&user("a")).await.unwrap());
    drop(store);

    let client = database.client().await;
    let newest = Field::ALL.last().unwrap();
    for missing in [vec![*newest], Field::ALL.iter().copied().filter(|field| *field != Field::IsPinned).collect()] {
        for field in missing {
            client.batch_execute(&format!("ALTER TABLE conversations DROP COLUMN {}", field.column())).await.unwrap();
        }
        let store = database.store().await;
        assert_eq!(store.get(&keys).await.unwrap(), before, "rows without the setting must read as the default");
        assert_eq!(store.version(&user("a")).await.unwrap(), log);
    }

    let store = database.store().await;
    let patch =
        Patch::KEEP.latest_msg_destruct_time(Timestamp(7)).ex("x").burn_duration(BurnDuration::try_from(1).unwrap());
    store.apply(&set(keys.clone(), &patch), NOW).await.unwrap();
    for (found, is_pinned) in store.get(&keys).await.unwrap().into_iter().zip([true, false]) {
        let mut expected = Settings::default();
        patch.clone().is_pinned(is_pinned).apply(&mut expected);
        assert_eq!(found.unwrap().settings, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creates_the_tables_once_for_ten_concurrent_starts() {
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
    assert_eq!(logs.len(), 1, "{logs:?}");
}

#[tokio::test]
async fn creates_a_column_for_each_setting_and_no_other() {
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
            Kind::Custom => "jsonb",
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
async fn reports_damaged_rows_with_their_key_and_reads_the_others() {
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
        let names_key = |result: Result<(), StoreError>| match result {
            Err(StoreError::Corrupt { key: Some(key), .. }) => *key == keys[0],
            _ => false,
        };
        assert!(names_key(store.get(&keys[..1]).await.map(drop)), "{damage}");
        assert!(
            names_key(store.list(&keys[0].owner, &Filter::ALL, &PageRequest::first(10)).await.map(drop)),
            "{damage}"
        );
        let both = set(keys.clone(), &Patch::KEEP.is_pinned(false));
        assert!(names_key(store.apply(&both, NOW).await.map(drop)), "{damage}");
        assert!(store.get_one(keys[1].clone()).await.unwrap().unwrap().settings.is_pinned);
        store.apply(&set([keys[1].clone()], &Patch::KEEP.is_pinned(false)), NOW).await.unwrap();
    }
}
