//! Many callers on one owner and one file.

use std::{collections::BTreeSet, sync::Arc};

use conversation_settings_core::{Outcome, Patch, Seq, Version};
use conversation_settings_store::{ConversationStore, ConversationStoreExt};
use conversation_settings_store_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::harness::{AT, Folder, key, set, user};

/// Applies so many changes at once through `stores`, each with another value. Returns the versions that callers got.
async fn change_at_once(stores: &[Arc<SqliteStore>], changes: u64) -> BTreeSet<Version> {
    let mut tasks = JoinSet::new();
    for (n, store) in (1..=changes).zip(stores.iter().cycle()) {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let patch = Patch::KEEP.max_seq(Seq::try_from(i64::try_from(n).unwrap()).unwrap());
            let applied = store.apply(&set([key("a", "sg_team")], &patch), AT).await.unwrap();
            assert!(applied.effects[0].outcome.is_change());
            applied.effects[0].version.unwrap()
        });
    }
    tasks.join_all().await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn raises_the_version_by_one_for_each_concurrent_change() {
    let folder = Folder::new();
    let store = Arc::new(folder.open());
    let versions = change_at_once(&[Arc::clone(&store)], 64).await;
    assert_eq!(versions, (1..=64).map(Version).collect(), "each version once");
    assert_eq!(store.version(&user("a")).await.unwrap().version, Version(64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn serializes_writers_of_several_handles() {
    let folder = Folder::new();
    let stores: Vec<_> = (0..4).map(|_| Arc::new(folder.open())).collect();
    let versions = change_at_once(&stores, 400).await;
    assert_eq!(versions, (1..=400).map(Version).collect(), "each version once");
    for store in &stores {
        assert_eq!(store.version(&user("a")).await.unwrap().version, Version(400));
    }
}

#[test]
fn creates_one_log_when_many_open_a_new_file_at_once() {
    let folder = Folder::new();
    let log = |store: SqliteStore| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { store.version(&user("a")).await.unwrap().log })
    };
    let logs: BTreeSet<_> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| log(folder.open()))).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    assert_eq!(logs.len(), 1, "{logs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_a_batch_whole_or_not_at_all() {
    let folder = Folder::new();
    let store = Arc::new(folder.open());
    let keys: Vec<_> = (0..50).map(|n| key(&format!("u{n:02}"), "sg_team")).collect();
    let writing = tokio::spawn({
        let (store, keys) = (Arc::clone(&store), keys.clone());
        async move {
            for n in 1..=50_i64 {
                let patch = Patch::KEEP.max_seq(Seq::try_from(n).unwrap());
                store.apply(&set(keys.clone(), &patch), AT).await.unwrap();
            }
        }
    });
    while !writing.is_finished() {
        let found = store.get(&keys).await.unwrap();
        let seen: BTreeSet<_> = found.iter().map(|found| found.as_ref().map(|found| found.settings.max_seq)).collect();
        assert_eq!(seen.len(), 1, "part of a batch: {seen:?}");
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn reads_its_own_writes() {
    let folder = Folder::new();
    let store = folder.open();
    for n in 1..=100 {
        let patch = Patch::KEEP.max_seq(Seq::try_from(n).unwrap());
        let applied = store.apply(&set([key("a", "sg_team")], &patch), AT).await.unwrap();
        assert_eq!(applied.effects[0].outcome == Outcome::Created, n == 1);
        let found = store.get_one(key("a", "sg_team")).await.unwrap().unwrap();
        assert_eq!(found.settings.max_seq.get(), n);
    }
}
