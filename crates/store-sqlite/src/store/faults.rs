//! Faults and group commit: tests that reach the writer's own connection.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::mpsc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Outcome, Patch, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{Applied, ConversationStore, ConversationStoreExt, StoreError, Waiter, Wanted};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use crate::error::Error;

const AT: Timestamp = Timestamp(0);

/// A store whose transactions accept all queued jobs, however slow the machine.
fn open() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(&folder.path().join("conversations.db"), Duration::MAX).unwrap();
    (folder, store)
}

fn key(owner: &str) -> Key {
    Key::new(UserId::new(owner).unwrap(), ConversationId::new("sg_team").unwrap())
}

fn batch(owners: impl IntoIterator<Item = String>, change: Change) -> WriteBatch {
    let change = std::sync::Arc::new(change);
    let write = |owner: String| Write { key: key(&owner), change: change.clone() };
    WriteBatch::new(owners.into_iter().map(write).collect()).unwrap()
}

fn set(owners: impl IntoIterator<Item = String>, ex: &str) -> WriteBatch {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    batch(owners, Change::Set { patch: Patch::KEEP.ex(ex), missing })
}

fn one(owner: &str, ex: &str) -> WriteBatch {
    set([owner.to_owned()], ex)
}

async fn ex(store: &SqliteStore, owner: &str) -> Option<String> {
    store.get_one(key(owner)).await.unwrap().map(|found| found.settings.ex.to_string())
}

/// Transactions in the write-ahead log: a frame that ends one holds the size of the database.
fn commits(folder: &TempDir) -> usize {
    const FRAME: usize = 24 + 4_096;
    let log = std::fs::read(folder.path().join("conversations.db-wal")).unwrap();
    log[32..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}

/// Runs a statement on the writer's connection.
async fn on_writer(store: &SqliteStore, sql: &'static str) {
    let change = |connection: &Connection| connection.query_row(sql, [], |_| Ok(())).map_err(Error::from);
    store.writer.run(1, Wanted::ALWAYS, change).await.unwrap();
}

/// Makes the file read-only for the writer's connection.
async fn query_only(store: &SqliteStore) {
    let change = |connection: &Connection| Ok(connection.pragma_update(None, "query_only", true)?);
    store.writer.run(1, Wanted::ALWAYS, change).await.unwrap();
}

/// Keeps the writer busy until the sender is dropped, so that calls made meanwhile queue.
fn occupy(store: &SqliteStore) -> (mpsc::Sender<()>, Pin<Box<impl Future<Output = Result<(), Error>>>>) {
    let (release, released) = mpsc::channel();
    let mut busy = Box::pin(store.writer.run(1, Wanted::ALWAYS, move |_| {
        let _ = released.recv();
        Ok(())
    }));
    poll(&mut busy);
    (release, busy)
}

/// Applies batches that are queued together.
async fn apply_together(store: &SqliteStore, batches: &[WriteBatch]) -> Vec<Result<Applied, StoreError>> {
    let (release, busy) = occupy(store);
    let mut calls: Vec<_> = batches.iter().map(|batch| store.apply(batch, AT)).collect();
    calls.iter_mut().for_each(poll);
    drop(release);
    busy.await.unwrap();
    let mut results = Vec::new();
    for call in calls {
        results.push(call.await);
    }
    results
}

fn poll(future: &mut (impl Future + Unpin)) {
    assert!(Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test]
async fn shares_a_commit_among_queued_calls() {
    let (folder, store) = open();
    let before = commits(&folder);
    let batches: Vec<_> = (0..64).map(|n| one(&format!("u{n}"), "x")).collect();
    let results = apply_together(&store, &batches).await;
    assert!(results.iter().all(|result| result.as_ref().unwrap().effects[0].outcome == Outcome::Created));
    assert_eq!(commits(&folder) - before, 1);
}

#[tokio::test]
async fn raises_the_version_for_each_change_within_a_commit() {
    let (_folder, store) = open();
    let batches: Vec<_> = (0..64).map(|n| one("a", &format!("{n}"))).collect();
    let results = apply_together(&store, &batches).await;
    let versions: Vec<_> = results.into_iter().map(|result| result.unwrap().effects[0].version.unwrap()).collect();
    assert_eq!(versions, (1..=64).map(Version).collect::<Vec<_>>());
}

#[tokio::test]
async fn commits_the_others_when_a_batch_is_rejected() {
    let (_folder, store) = open();
    let reject = Change::Set { patch: Patch::KEEP.ex("y"), missing: Missing::Reject };
    let rejected = batch(["b".to_owned()], reject);
    let batches = [one("a", "x"), rejected, one("c", "x")];
    let results = apply_together(&store, &batches).await;
    assert!(matches!(results[..], [Ok(_), Err(StoreError::Rejected(_)), Ok(_)]), "{results:?}");
    assert_eq!((ex(&store, "a").await, ex(&store, "c").await), (Some("x".into()), Some("x".into())));
}

#[tokio::test]
async fn rolls_back_only_the_batch_that_fails_half_way() {
    let (_folder, store) = open();
    let fails = store.writer.run(1, Wanted::ALWAYS, |connection| {
        connection.execute("INSERT INTO owners (owner, version) VALUES ('half', 1)", [])?;
        connection.execute("INSERT INTO owners (owner, version) VALUES ('half', 1)", [])?;
        Ok(())
    });
    let (mut fails, batch) = (pin!(fails), one("a", "x"));
    let (release, busy) = occupy(&store);
    let mut applies = store.apply(&batch, AT);
    poll(&mut fails);
    poll(&mut applies);
    drop(release);
    busy.await.unwrap();
    let results = (fails.await, applies.await);
    assert!(matches!(results, (Err(Error::Sqlite(_)), Ok(_))), "{results:?}");
    assert_eq!(store.version(&UserId::new("half").unwrap()).await.unwrap().version, Version::ZERO);
}

#[tokio::test]
async fn skips_a_queued_batch_whose_caller_gave_up() {
    let (_folder, store) = open();
    let (release, busy) = occupy(&store);
    let abandoned = set((0..100).map(|n| format!("u{n}")), "x");
    let mut call = store.apply(&abandoned, AT);
    poll(&mut call);
    drop(call);
    drop(release);
    busy.await.unwrap();
    store.apply(&one("a", "x"), AT).await.unwrap();
    for write in abandoned.writes() {
        assert_eq!(store.get_one(write.key.clone()).await.unwrap(), None, "the batch had not begun");
    }
}

#[tokio::test]
async fn fails_only_the_call_that_panics() {
    let (_folder, store) = open();
    let panics = store.writer.run(1, Wanted::ALWAYS, |connection| -> Result<(), Error> {
        connection.execute("INSERT INTO owners (owner, version) VALUES ('half', 1)", [])?;
        panic!("made for this test");
    });
    assert!(matches!(panics.await, Err(Error::Panic)));
    let panics = store.readers.run(|_| -> Result<(), Error> { panic!("made for this test, too") });
    assert!(matches!(panics.await, Err(Error::Panic)));
    store.apply(&one("a", "x"), AT).await.unwrap();
    assert_eq!(ex(&store, "a").await.as_deref(), Some("x"));
    assert_eq!(store.version(&UserId::new("half").unwrap()).await.unwrap().version, Version::ZERO);
}

#[tokio::test]
async fn reports_unavailable_while_the_disk_is_full() {
    let (_folder, store) = open();
    let small: Vec<_> = ["a", "b", "c"].map(|owner| one(owner, "1")).into();
    for batch in &small {
        store.apply(batch, AT).await.unwrap();
    }
    let large = set((0..1_000).map(|n| format!("u{n:04}")), &"large".repeat(200));
    // SQLite raises the limit to the current size: the database cannot grow.
    on_writer(&store, "PRAGMA max_page_count = 1").await;

    let small: Vec<_> = ["a", "b", "c"].map(|owner| one(owner, "2")).into();
    let batches = [&small[0], &large, &small[1], &small[2]].map(WriteBatch::clone);
    let results = apply_together(&store, &batches).await;
    assert!(matches!(results[..], [Ok(_), Err(StoreError::Unavailable { .. }), Ok(_), Ok(_)]), "{results:?}");
    for owner in ["a", "b", "c"] {
        assert_eq!(ex(&store, owner).await.as_deref(), Some("2"), "a failing batch must not fail the others");
    }
    assert_eq!(ex(&store, "u0000").await, None);

    on_writer(&store, "PRAGMA max_page_count = 1000000").await;
    store.apply(&large, AT).await.unwrap();
    assert!(ex(&store, "u0999").await.is_some());
}

#[tokio::test]
async fn reads_while_the_file_cannot_be_written() {
    let (folder, store) = open();
    store.apply(&one("a", "x"), AT).await.unwrap();
    query_only(&store).await;
    let error = store.apply(&one("a", "y"), AT).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(ex(&store, "a").await.as_deref(), Some("x"));

    let other = SqliteStore::open(folder.path().join("conversations.db")).unwrap();
    other.apply(&one("a", "y"), AT).await.unwrap();
    assert_eq!(ex(&store, "a").await.as_deref(), Some("y"));
}

#[tokio::test]
async fn reports_a_conflict_and_still_reads_while_another_program_holds_the_lock() {
    let (folder, store) = open();
    store.apply(&one("a", "x"), AT).await.unwrap();
    on_writer(&store, "PRAGMA busy_timeout = 20").await;
    let other = Connection::open(folder.path().join("conversations.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let batches: Vec<_> = (0..10).map(|n| one("a", &format!("{n}"))).collect();
    let mut calls: Vec<_> = batches.iter().map(|batch| store.apply(batch, AT)).collect();
    calls.iter_mut().for_each(poll);
    for call in calls {
        let error = call.await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }) && error.is_retryable(), "{error:?}");
    }
    assert_eq!(ex(&store, "a").await.as_deref(), Some("x"));

    other.execute_batch("ROLLBACK").unwrap();
    store.apply(&one("a", "y"), AT).await.unwrap();
    assert_eq!(ex(&store, "a").await.as_deref(), Some("y"));
}

#[tokio::test]
async fn waits_for_a_lock_that_is_released_in_time() {
    let (folder, store) = open();
    let other = Connection::open(folder.path().join("conversations.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = one("a", "x");
    let mut call = store.apply(&batch, AT);
    poll(&mut call);
    other.execute_batch("COMMIT").unwrap();
    call.await.unwrap();
}

#[tokio::test]
async fn fails_all_waiting_calls_together_when_the_lock_is_not_released() {
    const CALLS: u32 = 1_500;
    const BUSY: Duration = Duration::from_millis(200);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("conversations.db")).unwrap();
    let shorten = |connection: &Connection| Ok(connection.busy_timeout(BUSY)?);
    store.writer.run(1, Wanted::ALWAYS, shorten).await.unwrap();
    let other = Connection::open(folder.path().join("conversations.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let began = Instant::now();
    let batches: Vec<_> = (0..CALLS).map(|n| one(&format!("u{n}"), "x")).collect();
    let mut calls: Vec<_> = batches.iter().map(|batch| store.apply(batch, AT)).collect();
    calls.iter_mut().for_each(poll);
    for call in calls {
        let error = call.await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    }
    let elapsed = began.elapsed();
    assert!(elapsed < BUSY * CALLS / 10, "they waited one after the other: {elapsed:?}");

    other.execute_batch("ROLLBACK").unwrap();
    store.apply(&one("last", "x"), AT).await.unwrap();
    for batch in &batches {
        assert_eq!(
            store.get_one(batch.writes()[0].key.clone()).await.unwrap(),
            None,
            "a failed call is not applied later"
        );
    }
}

#[tokio::test]
async fn drops_a_batch_whose_callers_left_while_it_waited_for_the_lock() {
    let (folder, store) = open();
    let other = Connection::open(folder.path().join("conversations.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // One waits for the lock, the other behind it; of a third, one of two callers stays.
    let waiters = [Waiter::new(), Waiter::new(), Waiter::new()];
    let stays = Waiter::new();
    let wanted = [waiters[0].wanted(), waiters[1].wanted(), waiters[2].wanted().or(stays.wanted())];
    let batches = ["a", "b", "c"].map(|owner| one(owner, "old"));
    let mut calls: Vec<_> =
        batches.iter().zip(&wanted).map(|(batch, wanted)| store.apply_while_wanted(batch, AT, wanted)).collect();
    calls.iter_mut().for_each(poll);
    drop(waiters);
    other.execute_batch("COMMIT").unwrap();

    let mut results = Vec::new();
    for call in calls {
        results.push(call.await);
    }
    assert!(
        matches!(results[..], [Err(StoreError::Unavailable { .. }), Err(StoreError::Unavailable { .. }), Ok(_)]),
        "{results:?}"
    );
    assert_eq!((ex(&store, "a").await, ex(&store, "b").await, ex(&store, "c").await), (None, None, Some("old".into())));
}

#[tokio::test]
async fn commits_small_batches_without_a_large_one_between_them() {
    let (folder, store) = open();
    let large = set((0..1_001).map(|n| format!("u{n:04}")), "x");
    let before = commits(&folder);
    let results = apply_together(&store, &[one("a", "1"), large.clone(), one("b", "1"), large, one("c", "1")]).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    // a; the first large one; b; the second large one, a no-op that writes nothing; c.
    assert_eq!(commits(&folder) - before, 4);
}

#[tokio::test]
async fn is_not_ready_while_the_file_cannot_be_written() {
    let (_folder, store) = open();
    store.ready().await.unwrap();
    query_only(&store).await;
    store.ready().await.unwrap();
    store.apply(&one("a", "x"), AT).await.unwrap_err();
    for _ in 0..2 {
        let error = store.ready().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn commits_a_page_to_learn_whether_the_file_can_be_written() {
    let (folder, store) = open();
    let before = commits(&folder);
    store.writer.probe().await.unwrap();
    assert_eq!(commits(&folder) - before, 1);
}

#[tokio::test]
async fn is_ready_once_a_small_write_succeeds_after_a_full_disk() {
    let (_folder, store) = open();
    on_writer(&store, "PRAGMA max_page_count = 1").await;
    let large = set((0..1_000).map(|n| format!("u{n:04}")), &"large".repeat(200));
    store.apply(&large, AT).await.unwrap_err();
    assert!(store.writer.is_unwritable());
    store.ready().await.unwrap();
    assert!(!store.writer.is_unwritable());
}

#[tokio::test]
async fn stays_ready_when_a_write_fails_for_another_reason() {
    let (folder, store) = open();
    on_writer(&store, "PRAGMA busy_timeout = 20").await;
    let other = Connection::open(folder.path().join("conversations.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.apply(&one("a", "x"), AT).await.unwrap_err();
    store.ready().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    let reject = Change::Set { patch: Patch::KEEP.ex("y"), missing: Missing::Reject };
    store.apply(&batch(["b".to_owned()], reject), AT).await.unwrap_err();
    store.ready().await.unwrap();
}
