//! Which files the store opens, and how it refuses others.

use std::{
    error::Error,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::Command,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use conversation_settings_core::{Field, Patch};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest, StoreError};
use conversation_settings_store_sqlite::{OpenError, SqliteStore};
use rusqlite::Connection;

use crate::harness::{AT, Folder, key, set, user};

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

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn creates_files_and_folders_for_their_owner_alone() {
    let folder = Folder::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (made, link) = (folder.path().join("made/too"), folder.path().join("link.db"));
    std::os::unix::fs::symlink("target.db", &link).unwrap();
    for (opened, database) in [
        (folder.database(), folder.database()),
        (made.join("x.db"), made.join("x.db")),
        (link, folder.path().join("target.db")),
    ] {
        let store = SqliteStore::open(opened).unwrap();
        store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
        for end in ["", "-wal", "-shm"] {
            let file = format!("{}{end}", database.display());
            assert_eq!(mode(Path::new(&file)), 0o600, "{file}");
        }
    }
    assert_eq!((mode(&made), mode(made.parent().unwrap())), (0o700, 0o700));
    assert_eq!(mode(folder.path()), 0o755, "a folder that exists keeps its mode");
}

#[tokio::test]
async fn keeps_the_mode_of_a_file_that_exists() {
    let folder = Folder::new();
    drop(folder.open());
    fs::set_permissions(folder.database(), fs::Permissions::from_mode(0o640)).unwrap();
    let store = folder.open();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
    assert_eq!(mode(&folder.database()), 0o640);
}

/// A way to lose a file, and its name.
type Way = (&'static str, fn(&Path));

#[tokio::test]
async fn fails_calls_after_a_file_was_deleted_or_replaced() {
    let ways: [Way; 3] = [
        ("deleted", |file| fs::remove_file(file).unwrap()),
        ("moved away", |file| fs::rename(file, file.with_extension("moved")).unwrap()),
        ("replaced", |file| {
            let copy = file.with_extension("copy");
            fs::copy(file, &copy).unwrap();
            fs::rename(copy, file).unwrap();
        }),
    ];
    for (way, lose) in ways {
        for end in ["", "-wal", "-shm"] {
            let folder = Folder::new();
            let store = folder.open();
            store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("before")), AT).await.unwrap();
            let file = format!("{}{end}", folder.database().display());
            lose(Path::new(&file));

            let error = store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("after")), AT).await.unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{file} {way}: {error:?}");
            let cause = error.source().unwrap().to_string();
            assert!(cause.starts_with(&file) && cause.contains("was deleted or replaced"), "{cause}");
            assert!(store.ready().await.is_err(), "{file} {way}");
            // Reads look once a second; after a failed write they look at once.
            assert!(store.get(&[key("a", "sg_team")]).await.is_err(), "{file} {way}");
            let listed = store.list(&user("a"), &Filter::ALL, &PageRequest::first(1)).await;
            assert!(listed.is_err(), "{file} {way}");
        }
    }
}

#[tokio::test]
async fn fails_reads_after_the_file_was_deleted_without_a_write() {
    let folder = Folder::new();
    let store = folder.open();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
    assert!(store.get_one(key("a", "sg_team")).await.unwrap().is_some());
    fs::remove_file(folder.database()).unwrap();
    let began = Instant::now();
    while store.get_one(key("a", "sg_team")).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(30), "reads still succeed");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn works_again_once_the_file_is_back() {
    let folder = Folder::new();
    let store = folder.open();
    let away = folder.path().join("away.db");
    fs::rename(folder.database(), &away).unwrap();
    let batch = set([key("a", "sg_team")], &Patch::KEEP.ex("x"));
    store.apply(&batch, AT).await.unwrap_err();
    fs::rename(&away, folder.database()).unwrap();
    store.ready().await.unwrap();
    store.apply(&batch, AT).await.unwrap();
    drop(store);
    assert!(folder.open().get_one(key("a", "sg_team")).await.unwrap().is_some());
}

#[test]
#[ignore = "the child process of the other test"]
fn child_opens_a_read_only_file() {
    let Some(path) = std::env::var_os("READ_ONLY_DATABASE") else { return };
    let error = SqliteStore::open(path).unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. } | OpenError::Unavailable { .. }), "{error:?}");
    println!("refused: {error}");
}

#[test]
fn refuses_a_file_that_cannot_be_written() {
    let folder = Folder::new();
    drop(folder.open());
    let before = fs::read(folder.database()).unwrap();
    // Rights do not bind root, so the child is another user, who owns nothing here.
    for (folder_mode, file_mode, message) in [(0o777, 0o444, "read-only for this user"), (0o555, 0o666, "cannot open")]
    {
        fs::set_permissions(folder.database(), fs::Permissions::from_mode(file_mode)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(folder_mode)).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "files::child_opens_a_read_only_file", "--ignored", "--nocapture"]);
        child.env("READ_ONLY_DATABASE", folder.database());
        if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            child.uid(65_534).gid(65_534);
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("refused: ") && text.contains(message), "{text}");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(fs::read(folder.database()).unwrap(), before);
}
