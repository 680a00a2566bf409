//! A start that fails names the cause.

use std::{error::Error, iter, panic::AssertUnwindSafe};

use conversation_settings_core::Patch;
use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{Authorities, OpenError, PostgresStore, Schema};
use futures_util::FutureExt;

use crate::harness::{Database, NOW, key, set, user};

/// What the program prints: the message with its causes.
pub(crate) fn printed(error: &OpenError) -> String {
    let causes = iter::successors(Some(error as &dyn Error), |&error| error.source());
    let printed = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(!printed.contains('\n') && !printed.contains("s3cret"), "{printed}");
    printed
}

async fn failure(url: &str, schema: &Schema) -> (OpenError, String) {
    let error = PostgresStore::open(url, schema).await.unwrap_err();
    let printed = printed(&error);
    (error, printed)
}

/// The address of a role of this server.
fn url_of(database: &Database, user: &str) -> String {
    format!("postgres://{user}{}", &database.url[database.url.find('@').unwrap()..])
}

#[tokio::test]
async fn names_the_cause_of_a_connection_that_fails() {
    let Some(database) = Database::new().await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, cause) in [
        (format!("postgres://me:s3cret@127.0.0.1:{port}/db"), "Connection refused"),
        ("postgres://me:s3cret@host.invalid/db".to_owned(), "failed to lookup"),
    ] {
        let (error, printed) = failure(&url, &database.schema).await;
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
        assert!(printed.contains(cause), "{printed}");
    }
    for (user, cause) in [
        ("conversation", "password missing"),
        ("conversation:s3cret", "password authentication failed"),
        ("nobody:s3cret", "password authentication failed"),
    ] {
        let (error, printed) = failure(&url_of(&database, user), &database.schema).await;
        assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
        assert!(printed.contains(cause), "{printed}");
    }
    let (server, _) = database.url.rsplit_once('/').unwrap();
    let (error, printed) = failure(&format!("{server}/nowhere"), &database.schema).await;
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
    assert!(printed.contains("database \"nowhere\" does not exist"), "{printed}");
}

#[tokio::test]
async fn names_the_rights_that_are_missing() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let (client, schema) = (database.client().await, &database.schema);
    let role = format!("{}_role", schema.as_str());
    let url = url_of(&database, &format!("{role}:s3cret"));
    let used = AssertUnwindSafe(async {
        client.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 's3cret'")).await.unwrap();
        // Step by step: the schema, the first table, tables of another role.
        for (granted, cause) in [
            ("", "permission denied for schema"),
            ("USAGE ON SCHEMA {schema}", "permission denied for table store"),
            ("SELECT ON store", "conversations lacks SELECT; owners lacks SELECT"),
            ("SELECT, INSERT ON owners", "conversations lacks SELECT"),
        ] {
            if !granted.is_empty() {
                let granted = granted.replace("{schema}", &schema.to_string());
                client.batch_execute(&format!("GRANT {granted} TO {role}")).await.unwrap();
            }
            let (error, printed) = failure(&url, schema).await;
            assert!(matches!(error, OpenError::Rights { .. }), "{error:?}");
            assert!(printed.contains(cause), "{printed}");
        }
        client.batch_execute(&format!("GRANT SELECT ON conversations TO {role}")).await.unwrap();
        // A server whose role may only read starts, and is not ready.
        let server = PostgresStore::open(&url, schema).await.unwrap();
        server.version(&user("a")).await.unwrap();
        let error = server.ready().await.unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("conversations lacks DELETE, INSERT, UPDATE; owners lacks UPDATE"), "{error:?}");
        let grant =
            format!("GRANT UPDATE ON owners TO {role}; GRANT INSERT, UPDATE, DELETE ON conversations TO {role}");
        client.batch_execute(&grant).await.unwrap();
        server.ready().await.unwrap();
        server.apply(&set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true)), NOW).await.unwrap();

        // This role may not renew the log; the SQL in the error does it, run by the owner.
        let before = store.version(&user("a")).await.unwrap().log;
        let error = PostgresStore::renew_log(&url, schema, &Authorities::default()).await.unwrap_err();
        assert!(matches!(error, OpenError::Renewal { .. }), "{error:?}");
        assert_eq!(store.version(&user("a")).await.unwrap().log, before);
        let sentence = error.to_string();
        let (_, sql) = sentence.split_once(&format!("owner of the schema {}: ", schema.as_str())).unwrap();
        let mut identities = vec![before];
        for _ in 0..2 {
            client.batch_execute(sql).await.unwrap();
            identities.push(store.version(&user("a")).await.unwrap().log);
        }
        assert!(identities[1..].iter().all(|log| *log != before) && identities[1] != identities[2], "{identities:?}");
    });
    let used = used.catch_unwind().await;
    client.batch_execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await.unwrap();
    used.unwrap();
}
