//! A successful write is on disk; a no-op writes nothing.

use std::time::{Duration, Instant};

use conversation_settings_core::{Change, Outcome, Patch, Version};
use conversation_settings_store::{
    Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, PageRequest,
};

use rusqlite::Connection;

use crate::harness::{AT, Folder, key, set, user, write};

#[tokio::test]
async fn keeps_acknowledged_writes_after_reopening() {
    let folder = Folder::new();
    let store = folder.open();
    let keys = || ["a", "b", "c"].map(|owner| key(owner, "sg_team"));
    store.apply(&set(keys(), &Patch::KEEP.is_pinned(true).ex("x")), AT).await.unwrap();
    store.apply(&write([key("b", "sg_team")], Change::Remove), AT).await.unwrap();
    let seen = store.version(&user("b")).await.unwrap();
    drop(store);

    let store = folder.open();
    let found = store.get(&keys()).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    let kept = found[0].as_ref().unwrap();
    assert_eq!((kept.created_at, &*kept.settings.ex, kept.settings.is_pinned), (AT, "x", true));
    assert_eq!(store.version(&user("b")).await.unwrap(), seen, "log and version");
    let since = OwnerVersion { version: Version(1), ..seen };
    let Changes::Increment { removed, .. } = store.changes(&user("b"), &since, 10).await.unwrap() else {
        panic!("no tombstone");
    };
    assert_eq!(removed, [key("b", "sg_team").conversation_id]);
}

#[tokio::test]
async fn keeps_acknowledged_writes_after_a_power_cut() {
    let folder = Folder::new();
    let store = folder.open();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();

    // A copy of the open files is what a power cut leaves.
    let crashed = Folder::new();
    for name in ["conversations.db", "conversations.db-wal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let found = crashed.open().get_one(key("a", "sg_team")).await.unwrap();
    assert_eq!(&*found.unwrap().settings.ex, "x");
}

#[tokio::test]
async fn drops_a_commit_that_is_torn_in_the_log() {
    let folder = Folder::new();
    let store = folder.open();
    let log = || std::fs::read(folder.path().join("conversations.db-wal")).unwrap();
    let keys = |n: u32| (0..n).map(|n| key(&format!("u{n}"), "sg_team")).collect::<Vec<_>>();
    store.apply(&set(keys(100), &Patch::KEEP.ex("one")), AT).await.unwrap();
    let whole = log().len();
    store.apply(&set(keys(100), &Patch::KEEP.ex("two")), AT).await.unwrap();
    let (log, torn) = (log(), Folder::new());
    assert!(log.len() > whole + 3 * 4_096, "the second batch takes several pages");

    for cut in [whole, whole + 1, whole + 4_096, log.len() - 4_096, log.len() - 1, log.len()] {
        std::fs::copy(folder.database(), torn.database()).unwrap();
        std::fs::write(torn.path().join("conversations.db-wal"), &log[..cut]).unwrap();
        let found = torn.open().get(&keys(100)).await.unwrap();
        let expected = if cut == log.len() { "two" } else { "one" };
        assert!(found.iter().all(|found| &*found.as_ref().unwrap().settings.ex == expected), "cut at {cut}");
    }
}

#[tokio::test]
async fn leaves_a_single_file_when_closed() {
    let folder = Folder::new();
    let store = folder.open();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
    store.list(&user("a"), &Filter::ALL, &PageRequest::first(10)).await.unwrap();
    drop(store);
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["conversations.db"]);
}

#[tokio::test]
async fn writes_nothing_for_a_no_op() {
    let folder = Folder::new();
    let store = folder.open();
    let batch = set([key("a", "sg_team"), key("b", "sg_team")], &Patch::KEEP.ex("x"));
    store.apply(&batch, AT).await.unwrap();
    let before = folder.commits();
    let again = store.apply(&batch, AT).await.unwrap();
    assert!(again.effects.iter().all(|effect| effect.outcome == Outcome::Unchanged));
    store.prune(&user("nobody"), Version(1)).await.unwrap();
    store.prune(&user("a"), Version(0)).await.unwrap();
    assert_eq!(folder.commits(), before);
    drop(folder.open());
    assert_eq!(folder.commits(), before, "opening writes nothing");
}

#[tokio::test]
async fn shrinks_the_log_after_a_large_batch() {
    const LIMIT: u64 = 64 << 20;
    let folder = Folder::new();
    let store = folder.open();
    let log = || std::fs::metadata(folder.path().join("conversations.db-wal")).unwrap().len();
    let large =
        |ex: &str| set((0..1_200).map(|n| key(&format!("u{n}"), "sg_team")), &Patch::KEEP.ex(ex.repeat(65_536)));
    let shrinks = async || {
        let began = Instant::now();
        while log() > LIMIT {
            assert!(began.elapsed() < Duration::from_secs(60), "the log keeps {} bytes", log());
            tokio::task::yield_now().await;
        }
    };
    store.apply(&large("x"), AT).await.unwrap();
    shrinks().await;

    // A reader of the time before needs the log. Once it has ended, the next write shrinks the log.
    let reader = Connection::open(folder.database()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM owners").unwrap();
    store.apply(&large("y"), AT).await.unwrap();
    assert!(log() > LIMIT);
    reader.execute_batch("COMMIT").unwrap();
    store.apply(&set([key("a", "sg_team")], &Patch::KEEP.ex("x")), AT).await.unwrap();
    shrinks().await;
    assert_eq!(&*store.get_one(key("u1199", "sg_team")).await.unwrap().unwrap().settings.ex, "y".repeat(65_536));
}
