//! Which files the store opens, and how it refuses others.

use std::{error::Error, fs, path::Path, sync::Barrier, thread};

use conversation_settings_core::{Field, Patch};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, StoreError};
use conversation_settings_store_sqlite::{OpenError, SqliteStore};
use rusqlite::Connection;

use crate::harness::{AT, Folder, key, set};

/// The error of opening the file. Asserts that the file has not changed.
fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).ok();
    let error = SqliteStore::open(path).unwrap_err();
    assert_eq!(fs::read(path).ok(), before, "a refused file must not change");
    error
}

#[tokio::test]
async fn creates_a_file_with_its_folder() {
    let folder = Folder::new();
    let path = folder.path().join("not/there/yet.db");
    let store = SqliteStore::open(&path).unwrap();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
    assert!(path.is_file());
}

#[test]
fn opens_a_new_file_for_many_at_once() {
    const MANY: usize = 8;
    for _ in 0..20 {
        let (folder, together) = (Folder::new(), Barrier::new(MANY));
        let open = || {
            together.wait();
            folder.open()
        };
        let opened = thread::scope(|scope| {
            let threads = [(); MANY].map(|()| scope.spawn(open));
            threads.map(|thread| thread.join().unwrap())
        });
        drop(opened);
    }
}

#[tokio::test]
async fn treats_special_names_of_sqlite_as_files() {
    let folder = Folder::new();
    for name in [":memory:", "file:x?mode=memory", "a'b %20.db"] {
        let path = folder.path().join(name);
        let store = SqliteStore::open(&path).unwrap();
        store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        assert!(store.get_one(key("a", "sg_team")).await.unwrap().is_some(), "{name}");
    }
}

#[test]
fn accepts_an_empty_file() {
    let folder = Folder::new();
    fs::write(folder.database(), "").unwrap();
    folder.open();
}

#[test]
fn refuses_a_file_that_is_not_a_database() {
    let folder = Folder::new();
    for content in ["x".repeat(10_000), "SQLite format 3\0 and then something else".repeat(200)] {
        fs::write(folder.database(), content).unwrap();
        let error = refused(&folder.database());
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(error.to_string().ends_with("conversations.db is damaged or not an SQLite database"), "{error}");
    }
}

#[test]
fn refuses_another_programs_database() {
    let marks = ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"];
    for mark in marks {
        let folder = Folder::new();
        Connection::open(folder.database()).unwrap().execute_batch(mark).unwrap();
        let error = refused(&folder.database());
        assert!(matches!(error, OpenError::Foreign { .. }), "{mark}: {error:?}");
        assert!(error.to_string().ends_with("conversations.db belongs to another program"), "{error}");
    }
}

#[test]
fn refuses_a_later_versions_file() {
    let marks = ["PRAGMA user_version = 1000", "ALTER TABLE conversations ADD COLUMN later INTEGER DEFAULT 0"];
    for mark in marks {
        let folder = Folder::new();
        drop(folder.open());
        Connection::open(folder.database()).unwrap().execute_batch(mark).unwrap();
        let error = refused(&folder.database());
        assert!(matches!(error, OpenError::Newer { .. }), "{mark}: {error:?}");
    }
}

#[test]
fn refuses_a_path_that_cannot_be_a_file() {
    let folder = Folder::new();
    fs::write(folder.path().join("file"), "").unwrap();
    for path in [folder.path().to_owned(), folder.path().join("file/x.db"), "".into()] {
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Unavailable { .. }), "{error:?}");
        assert!(error.source().is_some());
    }
}

#[test]
fn refuses_a_truncated_file() {
    let folder = Folder::new();
    drop(folder.open());
    let whole = fs::read(folder.database()).unwrap();
    for length in [whole.len() - 4_096, 5_000, 50] {
        fs::write(folder.database(), &whole[..length]).unwrap();
        let error = refused(&folder.database());
        assert!(matches!(error, OpenError::Damaged { .. }), "{length}: {error:?}");
    }
}

#[tokio::test]
async fn migrates_a_file_that_lacks_settings() {
    let folder = Folder::new();
    let store = folder.open();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.is_pinned(true)), AT).await.unwrap();
    let before = store.get_one(key("a", "sg_team")).await.unwrap();
    drop(store);

    let connection = Connection::open(folder.database()).unwrap();
    for field in Field::ALL.iter().filter(|field| **field != Field::IsPinned) {
        connection.execute_batch(&format!("ALTER TABLE conversations DROP COLUMN {}", field.column())).unwrap();
    }
    drop(connection);
    let store = folder.open();
    assert_eq!(store.get_one(key("a", "sg_team")).await.unwrap(), before);
}

#[tokio::test]
async fn reports_invalid_values_with_their_key() {
    let folder = Folder::new();
    let store = folder.open();
    store.apply(&set(["a", "b"].map(|owner| key(owner, "sg_team")), &Patch::KEEP.ex("x")), AT).await.unwrap();
    let connection = Connection::open(folder.database()).unwrap();
    for wrong in ["burn_duration = -1", "recv_msg_opt = 99", "ex = NULL", "conversation_type = 7", "lives = 'x'"] {
        connection.execute_batch("BEGIN").unwrap();
        connection.execute(&format!("UPDATE conversations SET {wrong} WHERE owner = 'a'"), []).unwrap();
        connection.execute_batch("COMMIT").unwrap();
        let read = store.get(&[key("a", "sg_team")]).await.unwrap_err();
        let applied = store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("y")), AT).await.unwrap_err();
        for error in [read, applied] {
            let StoreError::Corrupt { key: Some(of), .. } = &error else { panic!("{wrong}: {error:?}") };
            assert_eq!(**of, key("a", "sg_team"));
        }
        assert!(store.get_one(key("b", "sg_team")).await.unwrap().is_some(), "other rows must stay readable");
    }
}

#[tokio::test]
async fn fails_only_rows_on_a_damaged_page() {
    let folder = Folder::new();
    let store = folder.open();
    let owners: Vec<_> = (0..500).map(|n| format!("u{n:03}")).collect();
    let keys: Vec<_> = owners.iter().map(|owner| key(owner, "sg_team")).collect();
    store.apply(&set(keys.clone(), &Patch::KEEP.ex("e".repeat(200))), AT).await.unwrap();
    let victim = key("u250", "sg_team");
    store.apply(&set([victim.clone()], &Patch::KEEP.ex("the victim")), AT).await.unwrap();
    drop(store);

    let mut bytes = fs::read(folder.database()).unwrap();
    let at = bytes.windows(10).position(|window| window == b"the victim").unwrap();
    let page = at / 4_096 * 4_096;
    bytes[page..page + 4_096].fill(0xAA);
    fs::write(folder.database(), &bytes).unwrap();

    let store = folder.open();
    let patch = Patch::KEEP.is_pinned(true);
    let read = store.get(std::slice::from_ref(&victim)).await.unwrap_err();
    let applied = store.apply(&set([victim], &patch), AT).await.unwrap_err();
    for error in [read, applied] {
        assert!(matches!(error, StoreError::Corrupt { .. }) && !error.is_retryable(), "{error:?}");
    }
    for key in [&keys[0], &keys[499]] {
        store.apply(&set([key.clone()], &patch), AT).await.unwrap();
        assert!(store.get_one(key.clone()).await.unwrap().unwrap().settings.is_pinned);
    }
}
