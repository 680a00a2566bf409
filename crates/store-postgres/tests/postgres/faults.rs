//! What goes wrong on an ordinary day with one call: an error of the right kind, in time, nothing half done, and the
//! same batch again does what is left to do.

use std::time::{Duration, Instant};

use conversation_settings_core::{Key, Outcome, Patch, Version};
use conversation_settings_store::{ConversationStore, StoreError};
use conversation_settings_store_postgres::{PostgresStore, Schema};
use tokio::time::timeout;
use tokio_postgres::{Client, error::SqlState};

use crate::{
    harness::{Database, NOW, connect, key, proxied, set, with_settings},
    server::Server,
};

/// Long enough for a busy machine, and less than a client waits for an answer.
const SOON: Duration = Duration::from_secs(10);

/// The code with which PostgreSQL refused, of an error that says to try again.
fn unavailable(error: &StoreError) -> Option<SqlState> {
    let StoreError::Unavailable { source, .. } = error else { panic!("{error:?}") };
    // The adapter's own errors are private; the message has the code.
    let (_, code) =
        source.to_string().rsplit_once("(SQLSTATE ").map(|(before, code)| (before.to_owned(), code.to_owned()))?;
    Some(SqlState::from_code(code.trim_end_matches(')')))
}

/// Somebody else's transaction that has locked the row of an owner, and would keep it.
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

/// The versions and the texts that are there, one for all three owners.
async fn held(store: &PostgresStore) -> (Version, String) {
    let found = store.get(&keys()).await.unwrap();
    let mut held = Vec::new();
    for (key, found) in keys().iter().zip(found) {
        let version = store.version(&key.owner).await.unwrap().version;
        held.push((version, found.map(|found| found.settings.ex.to_string()).unwrap_or_default()));
    }
    assert!(held.windows(2).all(|pair| pair[0] == pair[1]), "by halves: {held:?}");
    held.remove(0)
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_says_to_try_again_and_is_silence_then() {
    let Some(database) = Database::new().await else { return };
    let (proxy, url) = proxied(&database.url).await;
    let store = PostgresStore::open(&url, &database.schema).await.unwrap();
    let batch = |ex: &str| set(keys(), &Patch::KEEP.ex(ex));
    // What is written at once is committed with the statement that brings it.
    for (version, ex) in [(1, "made here"), (2, "changed here")] {
        proxy.lose_answer_to(ex);
        assert_eq!(unavailable(&store.apply(&batch(ex), NOW).await.unwrap_err()), None);
        assert!(!proxy.is_losing());
        settled(&store, version, ex).await;
        let again = store.apply(&batch(ex), NOW).await.unwrap();
        assert!(again.effects.iter().all(|effect| effect.outcome == Outcome::Unchanged), "{again:?}");
    }
    // Where others were faster, there is a transaction.
    let other = lock(&database, "a").await;
    proxy.lose_answer_to("COMMIT");
    let in_turn = batch("in turn");
    let (applied, ()) = tokio::join!(store.apply(&in_turn, NOW), async {
        waited_for(&database).await;
        other.batch_execute("UPDATE owners SET version = version + 1; COMMIT").await.unwrap();
    });
    assert_eq!(unavailable(&applied.unwrap_err()), None);
    assert!(!proxy.is_losing());
    settled(&store, 4, "in turn").await;
    assert!(store.apply(&in_turn, NOW).await.unwrap().effects.iter().all(|effect| !effect.outcome.is_change()));
}

/// Until the server has done what nobody heard the answer of.
async fn settled(store: &PostgresStore, version: u64, ex: &str) {
    let settled = async { while held(store).await != (Version(version), ex.to_owned()) {} };
    timeout(SOON, settled).await.unwrap();
}

/// Until somebody waits for a lock on an owner.
async fn waited_for(database: &Database) {
    let client = database.client().await;
    let waiting = "SELECT FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0 AND pid <> pg_backend_pid()";
    let waited_for = async { while client.query(waiting, &[&database.schema.as_str()]).await.unwrap().is_empty() {} };
    timeout(SOON, waited_for).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_somebody_keeps_fails_those_who_write_in_time_and_keeps_no_reader() {
    let Some(database) = Database::new().await else { return };
    for (settings, code) in [
        ("-c statement_timeout=300ms", SqlState::QUERY_CANCELED),
        ("-c lock_timeout=300ms", SqlState::LOCK_NOT_AVAILABLE),
    ] {
        let url = with_settings(&database.url, settings);
        let store = PostgresStore::open(&url, &database.schema).await.unwrap();
        store.apply(&set(keys(), &Patch::KEEP.ex("before")), NOW).await.unwrap();
        let before = held(&store).await;

        let other = lock(&database, "b").await;
        let batch = set(keys(), &Patch::KEEP.ex("after"));
        let start = Instant::now();
        let error = store.apply(&batch, NOW).await.unwrap_err();
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert_eq!(unavailable(&error), Some(code));
        assert_eq!(held(&store).await, before);
        // Who writes to others is in nobody's way.
        store.apply(&set([key("d", "sg_1")], &Patch::KEEP.ex(settings)), NOW).await.unwrap();

        other.batch_execute("ROLLBACK").await.unwrap();
        assert!(store.apply(&batch, NOW).await.unwrap().effects.iter().all(|effect| effect.outcome.is_change()));
    }
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections_is_unavailable_until_it_does() {
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
    // Two at once want a second connection, which is refused.
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
async fn a_full_disk_is_unavailable_until_there_is_room() {
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

    // What does not shrink when it is compressed, so that some dozens of them are the disk.
    let text = |n: u64| {
        let mut state = n;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
        };
        (0..60_000).map(next).collect::<String>()
    };
    let batch = |n| set(keys(), &Patch::KEEP.ex(text(n)));
    let mut stored = (Version(1), "before".to_owned());
    let mut n = 0;
    let error = loop {
        n += 1;
        match store.apply(&batch(n), NOW).await {
            Ok(_) => stored = (Version(n + 1), text(n)),
            Err(error) => break error,
        }
        assert!(n < 1_000, "the disk does not fill");
    };
    assert_eq!(unavailable(&error), Some(SqlState::DISK_FULL));
    assert!(n > 1, "some fit");
    assert_eq!(held(&store).await, stored, "what is there is read, and is whole");
    server.disk("64m").unwrap();
    store.apply(&batch(n), NOW).await.unwrap();
    assert_eq!(held(&store).await, (Version(n + 1), text(n)));
}
