//! Rule 8: tombstones are kept until they are pruned.

use std::sync::Arc;

use conversation_settings_core::{Patch, UserId, Version};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter};

use tokio::{sync::Barrier, task::JoinSet};

use super::{changes::ids, serialization::seq};
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, key, remove, set, user},
};

fn owner() -> UserId {
    user("a")
}

async fn prune(fixture: &Fixture<'_, impl Harness>, owner: &UserId, through: u64) -> usize {
    fixture.store().prune(owner, Version(through)).await.expect("can be pruned")
}

/// Creates four conversations at version 1, and removes three of them at 2, 3 and 4.
async fn remove_three(fixture: &Fixture<'_, impl Harness>) {
    for owner in ["a", "b"] {
        let created = ["sg_1", "sg_2", "sg_3", "sg_stays"];
        fixture.apply(created.map(|id| set(key(owner, id), Patch::KEEP.ex("x")))).await;
        for id in &created[..3] {
            fixture.apply([remove(key(owner, id))]).await;
        }
    }
}

pub(super) async fn prunes_tombstones_and_nothing_else(fixture: Fixture<'_, impl Harness>) {
    remove_three(&fixture).await;
    let before = fixture.version(&owner()).await;
    assert_eq!(prune(&fixture, &owner(), 1).await, 0, "nothing was removed up to version 1");
    assert_eq!(prune(&fixture, &owner(), 3).await, 2);
    assert_eq!(prune(&fixture, &owner(), 3).await, 0, "they are pruned already");
    assert_eq!(fixture.version(&owner()).await, before);
    let listed = fixture.store().list_all(&owner(), &Filter::ALL).await.expect("can be read");
    assert_eq!(listed.iter().map(|found| found.key.clone()).collect::<Vec<_>>(), [key("a", "sg_stays")]);
    let kept = ids(fixture.changes(&owner(), 3).await);
    assert_eq!(kept, [vec![], vec![], vec!["sg_3".to_owned()]]);

    let of_other = ids(fixture.changes(&user("b"), 1).await);
    assert_eq!(of_other[2], ["sg_1", "sg_2", "sg_3"]);

    // A pruned conversation can be created again, and the version continues.
    let again = fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("y"))]).await;
    assert_eq!(again[0].version, Some(Version(5)));
    let since_then = ids(fixture.changes(&owner(), 4).await);
    assert_eq!(since_then, [vec!["sg_1".to_owned()], vec![], vec![]]);
}

pub(super) async fn requires_a_full_sync_for_a_version_before_the_pruning(fixture: Fixture<'_, impl Harness>) {
    remove_three(&fixture).await;
    prune(&fixture, &owner(), 3).await;
    let current = fixture.version(&owner()).await;
    for since in 1..=4 {
        let changes = fixture.changes(&owner(), since).await;
        assert_eq!(changes == Changes::Full(current), since < 3, "since {since}: {changes:?}");
    }
    // The same holds if there was no tombstone to prune.
    fixture.apply(["sg_1", "sg_2"].map(|id| set(key("c", id), Patch::KEEP.ex("x")))).await;
    fixture.apply([set(key("c", "sg_1"), Patch::KEEP.ex("y"))]).await;
    assert_eq!(prune(&fixture, &user("c"), 2).await, 0);
    assert!(matches!(fixture.changes(&user("c"), 1).await, Changes::Full(_)));
    assert!(matches!(fixture.changes(&user("c"), 2).await, Changes::Increment { .. }));
}

pub(super) async fn prunes_up_to_the_version_and_never_back(fixture: Fixture<'_, impl Harness>) {
    remove_three(&fixture).await;
    assert_eq!(prune(&fixture, &owner(), u64::MAX).await, 3);
    assert_eq!(fixture.version(&owner()).await.version, Version(4));
    assert!(
        matches!(fixture.changes(&owner(), 4).await, Changes::Increment { .. }),
        "the current version still gets an increment"
    );
    fixture.apply([remove(key("a", "sg_stays"))]).await;
    let kept = ids(fixture.changes(&owner(), 4).await);
    assert_eq!(kept[2], ["sg_stays"]);

    assert_eq!(prune(&fixture, &owner(), 2).await, 0);
    for since in 1..4 {
        let changes = fixture.changes(&owner(), since).await;
        assert!(matches!(changes, Changes::Full(_)), "pruned for good, since {since}: {changes:?}");
    }
    let nobody = user("nobody");
    assert_eq!(prune(&fixture, &nobody, u64::MAX).await, 0);
    assert_eq!(fixture.version(&nobody).await.version, Version::ZERO);
    fixture.apply([set(key("nobody", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("nobody", "sg_1"))]).await;
    let kept = ids(fixture.changes(&nobody, 1).await);
    assert_eq!(kept[2], ["sg_1"]);
}

pub(super) async fn keeps_the_latest_of_concurrent_prunings(fixture: Fixture<'_, impl Harness>) {
    const TOMBSTONES: u64 = 8;
    const WRITES: u64 = 8;
    let mut handles = vec![Arc::clone(fixture.store())];
    handles.extend(fixture.another_handle().await);
    for round in 0..4 {
        let owner = user(format!("owner{round}"));
        let keys: Vec<_> = (0..TOMBSTONES).map(|n| key(&owner, format!("sg_{n}"))).collect();
        fixture.apply(keys.iter().map(|key| set(key.clone(), Patch::KEEP.ex("x")))).await;
        for key in &keys {
            fixture.apply([remove(key.clone())]).await;
        }
        let last = 1 + TOMBSTONES;

        let start = Arc::new(Barrier::new(usize::try_from(TOMBSTONES + WRITES).expect("is small")));
        let mut calls = JoinSet::new();
        for (through, store) in (2..=last).rev().zip(handles.iter().cycle()) {
            let (store, start, owner) = (Arc::clone(store), Arc::clone(&start), owner.clone());
            calls.spawn(async move {
                start.wait().await;
                store.prune(&owner, Version(through)).await.map(drop)
            });
        }
        for (n, store) in (1..=WRITES).zip(handles.iter().cycle()) {
            let (store, start) = (Arc::clone(store), Arc::clone(&start));
            let patch = Patch::KEEP.max_seq(seq(usize::try_from(n).expect("is small")));
            let write = batch([set(key(&owner, "sg_written"), patch)]);
            calls.spawn(async move {
                start.wait().await;
                store.apply(&write, AT).await.map(drop)
            });
        }
        for called in calls.join_all().await {
            called.expect("succeeds among concurrent calls");
        }

        let version = fixture.version(&owner).await.version;
        assert_eq!(version, Version(last + WRITES), "the version after {WRITES} writes: found on the left");
        for since in 1..last {
            let changes = fixture.changes(&owner, since).await;
            assert!(matches!(changes, Changes::Full(_)), "pruned through {last}, since {since}: {changes:?}");
        }
        let changes = ids(fixture.changes(&owner, last).await);
        assert_eq!(changes, [vec!["sg_written".to_owned()], vec![], vec![]], "since {last}");
    }
}
