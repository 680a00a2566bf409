//! The store under faults, and what callers share: tests that have to reach the writer's own connection.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::mpsc,
    task::{Context, Waker},
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Outcome, Patch, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{Applied, ConversationStore, ConversationStoreExt, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use crate::error::Error;

const AT: Timestamp = Timestamp(0);

fn open() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("conversations.db")).unwrap();
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

/// How many transactions the write-ahead log holds: its frames that say how large the database is after a commit.
fn commits(folder: &TempDir) -> usize {
    const FRAME: usize = 24 + 4_096;
    let log = std::fs::read(folder.path().join("conversations.db-wal")).unwrap();
    log[32..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}

/// Changes something of the writer's connection.
async fn on_writer(store: &SqliteStore, sql: &'static str) {
    let change = |connection: &Connection| connection.query_row(sql, [], |_| Ok(())).map_err(Error::from);
    store.writer.run(change).await.unwrap();
}

/// Keeps the writer busy until what is answered first is dropped, so that calls made meanwhile are found waiting.
fn occupy(store: &SqliteStore) -> (mpsc::Sender<()>, Pin<Box<impl Future<Output = Result<(), Error>>>>) {
    let (release, held) = mpsc::channel();
    let mut busy = Box::pin(store.writer.run(move |_| {
        let _ = held.recv();
        Ok(())
    }));
    poll(&mut busy);
    (release, busy)
}

/// Applies batches that the writer finds waiting together.
async fn apply_together(store: &SqliteStore, batches: &[WriteBatch]) -> Vec<Result<Applied, StoreError>> {
    let (release, busy) = occupy(store);
    let mut calls: Vec<_> = batches.iter().map(|batch| store.apply(batch, AT)).collect();
    calls.iter_mut().for_each(poll);
    drop(release);
    busy.await.unwrap();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await);
    }
    answers
}

fn poll(future: &mut (impl Future + Unpin)) {
    assert!(Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test]
async fn callers_that_wait_share_a_commit() {
    let (folder, store) = open();
    let before = commits(&folder);
    let batches: Vec<_> = (0..64).map(|n| one(&format!("u{n}"), "x")).collect();
    let answers = apply_together(&store, &batches).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().effects[0].outcome == Outcome::Created));
    let commits = commits(&folder) - before;
    assert!((1..=8).contains(&commits), "64 callers took {commits} commits");
}

#[tokio::test]
async fn one_owners_changes_in_one_commit_each_raise_the_version() {
    let (_folder, store) = open();
    let batches: Vec<_> = (0..64).map(|n| one("a", &format!("{n}"))).collect();
    let answers = apply_together(&store, &batches).await;
    let versions: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().effects[0].version.unwrap()).collect();
    assert_eq!(versions, (1..=64).map(Version).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_that_is_rejected_hurts_no_other_in_its_commit() {
    let (_folder, store) = open();
    let reject = Change::Set { patch: Patch::KEEP.ex("y"), missing: Missing::Reject };
    let rejected = batch(["b".to_owned()], reject);
    let batches = [one("a", "x"), rejected, one("c", "x")];
    let answers = apply_together(&store, &batches).await;
    assert!(matches!(answers[..], [Ok(_), Err(StoreError::Rejected(_)), Ok(_)]), "{answers:?}");
    assert_eq!((ex(&store, "a").await, ex(&store, "c").await), (Some("x".into()), Some("x".into())));
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_batch_undoes_that_batch_alone() {
    let (_folder, store) = open();
    let fails = store.writer.run(|connection| {
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
    let answers = (fails.await, applies.await);
    assert!(matches!(answers, (Err(Error::Sqlite(_)), Ok(_))), "{answers:?}");
    assert_eq!(store.version(&UserId::new("half").unwrap()).await.unwrap().version, Version::ZERO);
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_nothing_half_done() {
    let (_folder, store) = open();
    let (release, busy) = occupy(&store);
    let given_up = set((0..100).map(|n| format!("u{n}")), "x");
    let mut call = store.apply(&given_up, AT);
    poll(&mut call);
    drop(call);
    drop(release);
    busy.await.unwrap();
    store.apply(&one("a", "x"), AT).await.unwrap();
    for write in given_up.writes() {
        assert_eq!(store.get_one(write.key.clone()).await.unwrap(), None, "it had not begun");
    }
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_own_call() {
    let (_folder, store) = open();
    let panics = store.writer.run(|connection| -> Result<(), Error> {
        connection.execute("INSERT INTO owners (owner, version) VALUES ('half', 1)", [])?;
        panic!("a defect, made for this test");
    });
    assert!(matches!(panics.await, Err(Error::Defect)));
    let panics = store.readers.run(|_| -> Result<(), Error> { panic!("another, made for this test") });
    assert!(matches!(panics.await, Err(Error::Defect)));
    store.apply(&one("a", "x"), AT).await.unwrap();
    assert_eq!(ex(&store, "a").await.as_deref(), Some("x"));
    assert_eq!(store.version(&UserId::new("half").unwrap()).await.unwrap().version, Version::ZERO);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_until_there_is_room() {
    let (_folder, store) = open();
    let small: Vec<_> = ["a", "b", "c"].map(|owner| one(owner, "1")).into();
    for batch in &small {
        store.apply(batch, AT).await.unwrap();
    }
    let large = set((0..1_000).map(|n| format!("u{n:04}")), &"large".repeat(200));
    // No database is smaller than it is already: the least means "no larger than now".
    on_writer(&store, "PRAGMA max_page_count = 1").await;

    let small: Vec<_> = ["a", "b", "c"].map(|owner| one(owner, "2")).into();
    let batches = [&small[0], &large, &small[1], &small[2]].map(WriteBatch::clone);
    let answers = apply_together(&store, &batches).await;
    assert!(matches!(answers[..], [Ok(_), Err(StoreError::Unavailable { .. }), Ok(_), Ok(_)]), "{answers:?}");
    for owner in ["a", "b", "c"] {
        assert_eq!(ex(&store, owner).await.as_deref(), Some("2"), "one that fails hurts no other");
    }
    assert_eq!(ex(&store, "u0000").await, None);

    on_writer(&store, "PRAGMA max_page_count = 1000000").await;
    store.apply(&large, AT).await.unwrap();
    assert!(ex(&store, "u0999").await.is_some());
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_unavailable_and_still_read() {
    let (folder, store) = open();
    store.apply(&one("a", "x"), AT).await.unwrap();
    // To SQLite this is a file that may only be read, as far as this connection goes.
    store.writer.run(|connection| Ok(connection.pragma_update(None, "query_only", true)?)).await.unwrap();
    let error = store.apply(&one("a", "y"), AT).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(ex(&store, "a").await.as_deref(), Some("x"));

    let other = SqliteStore::open(folder.path().join("conversations.db")).unwrap();
    other.apply(&one("a", "y"), AT).await.unwrap();
    assert_eq!(ex(&store, "a").await.as_deref(), Some("y"));
}

#[tokio::test]
async fn a_lock_is_a_conflict_for_all_that_wait_and_does_not_keep_from_reading() {
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
async fn a_lock_that_goes_in_time_is_waited_for() {
    let (folder, store) = open();
    let other = Connection::open(folder.path().join("conversations.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = one("a", "x");
    let mut call = store.apply(&batch, AT);
    poll(&mut call);
    other.execute_batch("COMMIT").unwrap();
    call.await.unwrap();
}
