//! Backup while others write, and restore.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt};
use conversation_settings_store_sqlite::{BackupError, OpenError, Progress, SqliteStore, backup, restore};
use rusqlite::Connection;

/// Owners of each batch, so that half a batch can be seen.
const OWNERS: usize = 20;

fn key(owner: &str) -> Key {
    Key::new(UserId::new(owner).unwrap(), ConversationId::new("sg_team").unwrap())
}

/// Sets the same text for all owners in one batch.
async fn set(store: &SqliteStore, ex: &str) {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    let change: Arc<Change> = Change::Set { patch: Patch::KEEP.ex(ex), missing }.into();
    let writes = (0..OWNERS).map(|owner| Write { key: key(&format!("u{owner}")), change: change.clone() });
    store.apply(&WriteBatch::new(writes.collect()).unwrap(), Timestamp(0)).await.unwrap();
}

async fn ex(store: &SqliteStore, owner: usize) -> String {
    store.get_one(key(&format!("u{owner}"))).await.unwrap().unwrap().settings.ex.to_string()
}

/// The files of a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

struct Paths {
    folder: tempfile::TempDir,
    database: PathBuf,
    copy: PathBuf,
}

fn paths() -> Paths {
    let folder = tempfile::tempdir().unwrap();
    let [database, copy] = ["a.db", "copies.db"].map(|name| folder.path().join(name));
    Paths { folder, database, copy }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_a_whole_snapshot_during_writes() {
    let Paths { folder, database, .. } = paths();
    let store = Arc::new(SqliteStore::open(&database).unwrap());
    set(&store, "0").await;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let writing = tokio::spawn({
        let (store, stop, acknowledged) = (store.clone(), stop.clone(), acknowledged.clone());
        async move {
            for number in 1.. {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                set(&store, &number.to_string()).await;
                acknowledged.store(number, Ordering::Release);
            }
        }
    });
    let mut copies = Vec::new();
    for number in 0..5 {
        // Writes go on between two copies.
        let (before, began) = (acknowledged.load(Ordering::Acquire), Instant::now());
        while acknowledged.load(Ordering::Acquire) < before + 3 {
            assert!(began.elapsed() < Duration::from_secs(60), "writes do not go on");
            tokio::task::yield_now().await;
        }
        let least = acknowledged.load(Ordering::Acquire);
        let copy = folder.path().join(format!("copy-{number}.db"));
        store.backup_to(&copy).await.unwrap();
        copies.push((copy, least));
    }
    stop.store(true, Ordering::Release);
    writing.await.unwrap();
    drop(store);
    for (copy, least) in copies {
        let copy = SqliteStore::open(copy).unwrap();
        let first = ex(&copy, 0).await;
        assert!(first.parse::<u32>().unwrap() >= least, "an acknowledged write is missing");
        for owner in 1..OWNERS {
            assert_eq!(ex(&copy, owner).await, first, "half a batch");
        }
    }
}

#[tokio::test]
async fn creates_one_file_for_its_owner_alone() {
    let Paths { folder, database, copy } = paths();
    let store = SqliteStore::open(&database).unwrap();
    set(&store, "x").await;
    let mut seen = Vec::new();
    backup(&database, &copy, |progress| seen.push(progress)).unwrap();
    assert_eq!(files(folder.path()), names(["a.db", "a.db-wal", "a.db-shm", "copies.db"]));
    assert_eq!(seen.last(), Some(&Progress::Checking));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let header = fs::read(&copy).unwrap();
    assert_eq!(header[18..20], [1, 1], "the copy is not in WAL mode, so it needs no companions");
}

#[tokio::test]
async fn refuses_to_replace_a_file_with_a_backup() {
    let Paths { folder, database, copy } = paths();
    let store = SqliteStore::open(&database).unwrap();
    fs::write(&copy, "mine").unwrap();
    for existing in [&copy, &database] {
        assert!(matches!(store.backup_to(existing).await, Err(BackupError::Exists { .. })));
    }
    assert_eq!(fs::read(&copy).unwrap(), b"mine");
    assert_eq!(files(folder.path()), names(["a.db", "a.db-wal", "a.db-shm", "copies.db"]));
}

#[test]
fn refuses_what_is_no_database_of_ours() {
    let Paths { folder, database, copy } = paths();
    let refused = |from: &Path| {
        let backed_up = backup(from, &copy, |_| ()).unwrap_err();
        let restored = restore(from, &database, |_| ()).unwrap_err();
        assert_eq!(backed_up.to_string(), restored.to_string());
        assert!(!copy.exists() && !database.exists());
        restored
    };
    let path = |name: &str| folder.path().join(name);
    assert!(matches!(refused(&path("missing.db")), BackupError::Open(OpenError::Unavailable { .. })));
    fs::write(path("empty.db"), "").unwrap();
    assert!(matches!(refused(&path("empty.db")), BackupError::Empty { .. }));
    fs::write(path("text.db"), "no database at all, but long enough to have a header of one ".repeat(20)).unwrap();
    assert!(matches!(refused(&path("text.db")), BackupError::Open(OpenError::Damaged { .. })));
    Connection::open(path("foreign.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(refused(&path("foreign.db")), BackupError::Open(OpenError::Foreign { .. })));
    drop(SqliteStore::open(path("newer.db")).unwrap());
    Connection::open(path("newer.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(refused(&path("newer.db")), BackupError::Open(OpenError::Newer { .. })));
    let left = files(folder.path());
    assert!(left.iter().all(|name| !name.contains("partial")), "{left:?}");
}

#[tokio::test]
async fn refuses_a_damaged_file() {
    let Paths { database, copy, .. } = paths();
    let store = SqliteStore::open(&database).unwrap();
    for number in 0..20 {
        set(&store, &number.to_string().repeat(2_000)).await;
    }
    store.backup_to(&copy).await.unwrap();
    drop(store);
    let mut bytes = fs::read(&copy).unwrap();
    // The header of every page but the first.
    for page in bytes.chunks_exact_mut(4_096).skip(1) {
        page[..64].fill(0xAB);
    }
    fs::write(&copy, bytes).unwrap();
    let before = fs::read(&database).unwrap();
    let error = restore(&copy, &database, |_| ()).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    let store = SqliteStore::open(&database).unwrap();
    assert_eq!(ex(&store, 0).await, "19".repeat(2_000));
    assert_eq!(fs::read(&database).unwrap().len(), before.len());
}

#[tokio::test]
async fn restores_with_a_new_log_identity_and_keeps_the_old_database() {
    let Paths { folder, database, copy } = paths();
    let store = SqliteStore::open(&database).unwrap();
    set(&store, "first").await;
    store.backup_to(&copy).await.unwrap();
    let owner = UserId::new("u0").unwrap();
    let of_backup = store.version(&owner).await.unwrap();
    set(&store, "second").await;
    let latest = store.version(&owner).await.unwrap();
    drop(store);
    let restored = restore(&copy, &database, |_| ()).unwrap();
    let kept = folder.path().join("a.db.before-restore");
    assert_eq!(restored.before.as_deref(), Some(&*kept.canonicalize().unwrap()));
    assert_eq!(files(folder.path()), names(["a.db", "a.db.before-restore", "copies.db"]));

    let store = SqliteStore::open(&database).unwrap();
    assert_eq!(ex(&store, 0).await, "first");
    // Without a new identity the first would be an empty increment, and so would the second after one write.
    for _ in 0..2 {
        for since in [of_backup, latest] {
            assert!(matches!(store.changes(&owner, &since, 100).await.unwrap(), Changes::Full { .. }), "{since:?}");
        }
        set(&store, "third").await;
    }
    let now = store.version(&owner).await.unwrap();
    assert!(!matches!(store.changes(&owner, &now, 100).await.unwrap(), Changes::Full { .. }));
    assert_eq!(ex(&SqliteStore::open(&kept).unwrap(), 0).await, "second", "the old database is whole");
}

#[tokio::test]
async fn refuses_to_restore_over_an_open_database() {
    let Paths { folder, database, copy } = paths();
    let store = SqliteStore::open(&database).unwrap();
    set(&store, "open").await;
    store.backup_to(&copy).await.unwrap();
    // The store is idle: no transaction is open.
    assert!(matches!(restore(&copy, &database, |_| ()), Err(BackupError::InUse { .. })));
    set(&store, "still open").await;
    assert_eq!(ex(&store, 0).await, "still open");
    assert_eq!(files(folder.path()), names(["a.db", "a.db-wal", "a.db-shm", "copies.db"]));
}

#[tokio::test]
async fn takes_the_companions_of_another_database_away() {
    let Paths { folder, database, copy } = paths();
    let store = SqliteStore::open(&database).unwrap();
    set(&store, "first").await;
    store.backup_to(&copy).await.unwrap();
    set(&store, "second").await;
    let log = fs::read(folder.path().join("a.db-wal")).unwrap();
    drop(store);
    // The database is gone, but not its log, which SQLite would apply to any database of this name.
    fs::remove_file(&database).unwrap();
    fs::write(folder.path().join("a.db-wal"), log).unwrap();
    assert!(restore(&copy, &database, |_| ()).unwrap().before.is_none());
    assert_eq!(files(folder.path()), names(["a.db", "a.db.before-restore-wal", "copies.db"]));
    assert_eq!(ex(&SqliteStore::open(&database).unwrap(), 0).await, "first");
}

#[tokio::test]
async fn restores_what_a_killed_server_left_and_a_second_time() {
    let Paths { folder, database, copy } = paths();
    let store = SqliteStore::open(&database).unwrap();
    set(&store, "first").await;
    store.backup_to(&copy).await.unwrap();
    set(&store, "second").await;
    // The files as they are after SIGKILL: the last write is in the log alone.
    let killed = folder.path().join("killed");
    fs::create_dir(&killed).unwrap();
    for name in ["a.db", "a.db-wal"] {
        fs::copy(folder.path().join(name), killed.join(name)).unwrap();
    }
    let database = killed.join("a.db");
    restore(&copy, &database, |_| ()).unwrap();
    restore(&copy, &database, |_| ()).unwrap();
    assert_eq!(files(&killed), names(["a.db", "a.db.before-restore", "a.db.before-restore-2"]));
    let kept = SqliteStore::open(killed.join("a.db.before-restore")).unwrap();
    assert_eq!(ex(&kept, 0).await, "second", "the log is in the old database");
}

#[tokio::test]
async fn refuses_to_restore_a_database_from_itself_or_over_a_damaged_one() {
    let Paths { folder, database, copy } = paths();
    set(&SqliteStore::open(&database).unwrap(), "x").await;
    assert!(matches!(restore(&database, &database, |_| ()), Err(BackupError::Itself { .. })));
    backup(&database, &copy, |_| ()).unwrap();
    fs::write(&database, "damaged, so that no lock can be looked for ".repeat(100)).unwrap();
    let error = restore(&copy, &database, |_| ()).unwrap_err();
    assert!(matches!(error, BackupError::Unreadable { .. }), "{error}");
    fs::rename(&database, folder.path().join("damaged")).unwrap();
    restore(&copy, &database, |_| ()).unwrap();
    assert_eq!(ex(&SqliteStore::open(&database).unwrap(), 0).await, "x");
}
