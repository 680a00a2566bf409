//! Many callers through several handles on the same owners.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use conversation_settings_core::{Outcome, Patch, Seq, Version};
use conversation_settings_store::{Applied, ConversationStore, ConversationStoreExt};
use conversation_settings_store_postgres::PostgresStore;
use tokio::task::JoinSet;

use crate::harness::{Database, NOW, key, remove, set, user, with_settings};

fn seq(n: u64) -> Patch {
    Patch::KEEP.max_seq(Seq::try_from(i64::try_from(n).unwrap()).unwrap())
}

/// Applies so many changes at once through `stores`, each with another value. Returns the versions that callers got.
async fn change_at_once(stores: &[Arc<PostgresStore>], changes: u64) -> BTreeSet<Version> {
    let mut tasks = JoinSet::new();
    for (n, store) in (1..=changes).zip(stores.iter().cycle()) {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let applied = store.apply(&set([key("a", "sg_team")], &seq(n)), NOW).await.unwrap();
            assert!(applied.effects[0].outcome.is_change());
            applied.effects[0].version.unwrap()
        });
    }
    tasks.join_all().await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn serializes_writers_of_one_owner() {
    let Some(database) = Database::new().await else { return };
    let stores = [Arc::new(database.store().await), Arc::new(database.store().await)];
    let versions = change_at_once(&stores, 400).await;
    assert_eq!(versions, (1..=400).map(Version).collect(), "each version once");
    assert_eq!(stores[1].version(&user("a")).await.unwrap().version, Version(400));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn does_not_deadlock_on_overlapping_batches() {
    const BATCHES: u64 = 60;
    let Some(database) = Database::new().await else { return };
    // The server must not resolve a deadlock: one then lasts until statements time out.
    let url = with_settings(&database.url, "-c deadlock_timeout=1h -c statement_timeout=20s");
    let store = Arc::new(PostgresStore::open(&url, &database.schema).await.unwrap());
    // New and existing owners in every batch, in orders that cross.
    let owners: Vec<_> = (0..40).map(|n| format!("u{n:02}")).collect();
    store.apply(&set(owners.iter().step_by(2).map(|owner| key(owner, "sg_team")), &seq(1)), NOW).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..BATCHES {
        let store = Arc::clone(&store);
        let skip = usize::try_from(n % 20).unwrap();
        let keys: Vec<_> = owners.iter().cycle().skip(skip).take(20).map(|owner| key(owner, "sg_team")).collect();
        tasks.spawn(async move { store.apply(&set(keys, &seq(n + 2)), NOW).await.unwrap() });
    }
    let applied: Vec<Applied> = tasks.join_all().await;
    assert!(applied.iter().flat_map(|applied| &applied.effects).all(|effect| effect.outcome.is_change()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn prunes_while_others_write() {
    let Some(database) = Database::new().await else { return };
    let store = Arc::new(database.store().await);
    let keys = || (0..5).map(|n| key("a", format!("sg_{n}")));
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            match n % 3 {
                0 => drop(store.apply(&set(keys(), &seq(n + 1)), NOW).await.unwrap()),
                1 => drop(store.apply(&remove(keys()), NOW).await.unwrap()),
                _ => drop(store.prune(&user("a"), Version(n)).await.unwrap()),
            }
        });
    }
    tasks.join_all().await;
    let version = store.version(&user("a")).await.unwrap().version;
    let removed = store.apply(&remove(keys()), NOW).await.unwrap();
    let is_removed = removed.effects.iter().any(|effect| effect.outcome == Outcome::Removed);
    assert_eq!(removed.effects[0].version, is_removed.then(|| version.next()));
    store.prune(&user("a"), Version(u64::MAX)).await.unwrap();
    let client = database.client().await;
    let left: i64 = client.query_one("SELECT count(*) FROM conversations", &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "tombstones are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_a_batch_whole_or_not_at_all() {
    let Some(database) = Database::new().await else { return };
    let store = Arc::new(database.store().await);
    let keys: Vec<_> = (0..50).map(|n| key(format!("u{n:02}"), "sg_team")).collect();
    let writing = tokio::spawn({
        let (store, keys) = (Arc::clone(&store), keys.clone());
        async move {
            for n in 1..=50 {
                store.apply(&set(keys.clone(), &seq(n)), NOW).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn applies_all_or_nothing_and_keeps_connections_usable_when_callers_give_up() {
    let Some(database) = Database::new().await else { return };
    let store = Arc::new(database.store().await);
    let keys = || (0..200).map(|n| key(format!("u{n:03}"), "sg_team"));
    for n in 1..=60 {
        let batch = set(keys(), &seq(n));
        let deadline = Duration::from_micros(n * 200);
        let _ = tokio::time::timeout(deadline, store.apply(&batch, NOW)).await;
    }
    // More callers gave up than the pool has connections: all of them must be usable.
    let applied = store.apply(&set(keys(), &seq(1_000)), NOW).await.unwrap();
    let version = applied.effects[0].version;
    assert!(
        applied.effects.iter().all(|effect| effect.version == version),
        "all owners must have had the same batches"
    );
    let found = store.get_one(key("u000", "sg_team")).await.unwrap().unwrap();
    assert_eq!(found.settings.max_seq.get(), 1_000);
}
