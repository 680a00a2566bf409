//! Faults of one call: it fails in time with an error of the right kind, leaves nothing partial, and the same batch
//! succeeds later.

use std::time::{Duration, Instant};

use conversation_settings_core::{Key, Outcome, Patch, Version};
use conversation_settings_store::{ConversationStore, StoreError};
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::Proxy;
use tokio::time::timeout;
use tokio_postgres::{Client, error::SqlState};

use crate::{
    harness::{Database, NOW, connect, key, set, with_settings},
    server::Server,
};

/// Long enough for a busy machine, and shorter than clients wait.
const SOON: Duration = Duration::from_secs(10);

/// PostgreSQL's code in an error that says to retry.
fn unavailable(error: &StoreError) -> Option<SqlState> {
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    code_of(error)
}

fn code_of(error: &StoreError) -> Option<SqlState> {
    let source = std::error::Error::source(error)?;
    // The adapter's error is private, but its message has the code.
    let (_, code) =
        source.to_string().rsplit_once("(SQLSTATE ").map(|(before, code)| (before.to_owned(), code.to_owned()))?;
    Some(SqlState::from_code(code.trim_end_matches(')')))
}

/// A transaction that has locked an owner's row.
async fn lock(database: &Database, owner: &str) -> Client {
    let client = database.client().await;
    client.batch_execute("BEGIN").await.unwrap();
    let locked = client.query("SELECT FROM owners WHERE owner = $1 FOR UPDATE", &[&owner]).await.unwrap();
    assert_eq!(locked.len(), 1);
    client
}

fn keys() -> [Key; 3] {
    ["a", "b", "c"].map(|owner| key(owner, "sg_1"))
}

/// The version and the text that all three owners have.
async fn stored(store: &PostgresStore) -> (Version, String) {
    let found = store.get(&keys()).await.unwrap();
    let mut stored = Vec::new();
    for (key, found) in keys().iter().zip(found) {
        let version = store.version(&key.owner).await.unwrap().version;
        stored.push((version, found.map(|found| found.settings.ex.to_string()).unwrap_or_default()));
    }
    assert!(stored.windows(2).all(|pair| pair[0] == pair[1]), "partial: {stored:?}");
    stored.remove(0)
}

#[tokio::test]
async fn reports_a_lost_commit_as_retryable_and_retries_as_a_no_op() {
    let Some(database) = Database::new().await else { return };
    let (proxy, url) = Proxy::before(&database.url).await.unwrap();
    let store = PostgresStore::open(&url, &database.schema).await.unwrap();
    let batch = |ex: &str| set(keys(), &Patch::KEEP.ex(ex));
    // The first attempt commits with its second statement.
    for (version, ex) in [(1, "created here"), (2, "changed here")] {
        proxy.lose_answer_to(ex);
        assert_eq!(unavailable(&store.apply(&batch(ex), NOW).await.unwrap_err()), None);
        assert!(!proxy.is_losing());
        settled(&store, version, ex).await;
        let again = store.apply(&batch(ex), NOW).await.unwrap();
        assert!(again.effects.iter().all(|effect| effect.outcome == Outcome::Unchanged), "{again:?}");
    }
    // After a conflict the attempt is a transaction.
    let other = lock(&database, "a").await;
    proxy.lose_answer_to("COMMIT");
    let locked = batch("locked");
    let (applied, ()) = tokio::join!(store.apply(&locked, NOW), async {
        lock_wait(&database).await;
        other.batch_execute("UPDATE owners SET version = version + 1; COMMIT").await.unwrap();
    });
    assert_eq!(unavailable(&applied.unwrap_err()), None);
    assert!(!proxy.is_losing());
    settled(&store, 4, "locked").await;
    assert!(store.apply(&locked, NOW).await.unwrap().effects.iter().all(|effect| !effect.outcome.is_change()));
}

/// Waits until the server has applied the batch.
async fn settled(store: &PostgresStore, version: u64, ex: &str) {
    let settled = async { while stored(store).await != (Version(version), ex.to_owned()) {} };
    timeout(SOON, settled).await.unwrap();
}

/// Waits until a statement waits for a lock on an owner.
async fn lock_wait(database: &Database) {
    let client = database.client().await;
    let statements = "SELECT FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0 AND pid <> pg_backend_pid()";
    let waiting = async { while client.query(statements, &[&database.schema.as_str()]).await.unwrap().is_empty() {} };
    timeout(SOON, waiting).await.unwrap();
}

#[tokio::test]
async fn fails_in_time_and_still_reads_while_another_transaction_locks_an_owner() {
    let Some(database) = Database::new().await else { return };
    for (settings, kind, code) in [
        ("-c statement_timeout=1500ms", "unavailable", SqlState::QUERY_CANCELED),
        ("-c lock_timeout=1500ms", "conflict", SqlState::LOCK_NOT_AVAILABLE),
    ] {
        let url = with_settings(&database.url, settings);
        let store = PostgresStore::open(&url, &database.schema).await.unwrap();
        store.apply(&set(keys(), &Patch::KEEP.ex("before")), NOW).await.unwrap();
        let before = stored(&store).await;

        let other = lock(&database, "b").await;
        let batch = set(keys(), &Patch::KEEP.ex("after"));
        let start = Instant::now();
        let error = store.apply(&batch, NOW).await.unwrap_err();
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert_eq!((error.kind(), code_of(&error)), (kind, Some(code)));
        assert_eq!(stored(&store).await, before);
        // The lock does not block writes to other owners.
        store.apply(&set([key("d", "sg_1")], &Patch::KEEP.ex(settings)), NOW).await.unwrap();

        other.batch_execute("ROLLBACK").await.unwrap();
        assert!(store.apply(&batch, NOW).await.unwrap().effects.iter().all(|effect| effect.outcome.is_change()));
    }
}

#[tokio::test]
async fn reports_unavailable_while_the_server_refuses_connections() {
    let Some(database) = Database::new().await else { return };
    let (admin, schema) = (database.client().await, &database.schema);
    drop(database.store().await);
    let role = format!("{}_few", schema.as_str());
    admin
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 1;
             GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}"
        ))
        .await
        .unwrap();
    let url = format!("postgres://{role}:secret{}", &database.url[database.url.find('@').unwrap()..]);
    let store = PostgresStore::open(&url, schema).await.unwrap();
    let batch = set(keys(), &Patch::KEEP.ex("x"));
    // Two calls at once need a second connection.
    let (one, other) = tokio::join!(store.apply(&batch, NOW), store.apply(&batch, NOW));
    let refused = [one, other].into_iter().find_map(Result::err);
    let code = refused.map(|error| unavailable(&error));
    let again = store.apply(&batch, NOW).await;
    drop(store);
    let gone = async {
        let open = "SELECT FROM pg_stat_activity WHERE usename = $1";
        while !admin.query(open, &[&role]).await.unwrap().is_empty() {}
    };
    timeout(SOON, gone).await.unwrap();
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
    assert_eq!(code, Some(Some(SqlState::TOO_MANY_CONNECTIONS)));
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test]
async fn reports_unavailable_while_the_disk_is_full() {
    let Some(server) = Server::start() else { return };
    let disk = match server.disk("12m") {
        Ok(disk) => disk,
        Err(reason) => {
            std::io::Write::write_all(&mut std::io::stderr(), format!("skipped: no small disk: {reason}\n").as_bytes())
                .unwrap();
            return;
        }
    };
    let client = connect(server.url()).await.unwrap();
    client.batch_execute(&format!("CREATE TABLESPACE small LOCATION '{disk}'")).await.unwrap();
    let url = with_settings(server.url(), "-c default_tablespace=small");
    let store = PostgresStore::open(&url, &Schema::default()).await.unwrap();
    store.apply(&set(keys(), &Patch::KEEP.ex("before")), NOW).await.unwrap();

    // Not compressible, so that some dozens fill the disk.
    let text = |n: u64| {
        let mut state = n;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
        };
        (0..60_000).map(next).collect::<String>()
    };
    let batch = |n| set(keys(), &Patch::KEEP.ex(text(n)));
    let mut last = (Version(1), "before".to_owned());
    let mut n = 0;
    let error = loop {
        n += 1;
        match store.apply(&batch(n), NOW).await {
            Ok(_) => last = (Version(n + 1), text(n)),
            Err(error) => break error,
        }
        assert!(n < 1_000, "the disk must fill");
    };
    assert_eq!(unavailable(&error), Some(SqlState::DISK_FULL));
    assert!(n > 1, "some batches must fit");
    assert_eq!(stored(&store).await, last, "what is stored must be readable and complete");
    server.disk("64m").unwrap();
    store.apply(&batch(n), NOW).await.unwrap();
    assert_eq!(stored(&store).await, (Version(n + 1), text(n)));
}
