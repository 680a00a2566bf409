//! Tombstones, kept until asked to forget them.

use conversation_settings_core::{Patch, UserId, Version};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter};

use super::changes::told;
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{key, remove, set, user},
};

fn owner() -> UserId {
    user("a")
}

async fn prune(fixture: &Fixture<'_, impl Harness>, owner: &UserId, through: u64) -> usize {
    fixture.store().prune(owner, Version(through)).await.expect("can be pruned")
}

/// Three that come at 1 and go at 2, 3 and 4, and one that stays.
async fn three_gone(fixture: &Fixture<'_, impl Harness>) {
    for owner in ["a", "b"] {
        let ids = ["sg_1", "sg_2", "sg_3", "sg_stays"];
        fixture.apply(ids.map(|id| set(key(owner, id), Patch::KEEP.ex("x")))).await;
        for id in &ids[..3] {
            fixture.apply([remove(key(owner, id))]).await;
        }
    }
}

pub(super) async fn pruning_forgets_tombstones_and_nothing_else(fixture: Fixture<'_, impl Harness>) {
    three_gone(&fixture).await;
    let before = fixture.version(&owner()).await;
    assert_eq!(prune(&fixture, &owner(), 1).await, 0, "none of these has gone by then");
    assert_eq!(prune(&fixture, &owner(), 3).await, 2);
    assert_eq!(prune(&fixture, &owner(), 3).await, 0, "they are forgotten already");
    assert_eq!(fixture.version(&owner()).await, before);
    let listed = fixture.store().list_all(&owner(), &Filter::ALL).await.expect("can be read");
    assert_eq!(listed.iter().map(|found| found.key.clone()).collect::<Vec<_>>(), [key("a", "sg_stays")]);
    let kept = told(fixture.changes(&owner(), 3).await);
    assert_eq!(kept, [vec![], vec![], vec!["sg_3".to_owned()]]);

    let of_other = told(fixture.changes(&user("b"), 1).await);
    assert_eq!(of_other[2], ["sg_1", "sg_2", "sg_3"]);

    // What is forgotten can be created again, and versions go on.
    let again = fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("y"))]).await;
    assert_eq!(again[0].version, Some(Version(5)));
    let since_then = told(fixture.changes(&owner(), 4).await);
    assert_eq!(since_then, [vec!["sg_1".to_owned()], vec![], vec![]]);
}

pub(super) async fn a_client_older_than_the_pruning_is_told_to_sync_in_full(fixture: Fixture<'_, impl Harness>) {
    three_gone(&fixture).await;
    prune(&fixture, &owner(), 3).await;
    let current = fixture.version(&owner()).await;
    for since in 1..=4 {
        let changes = fixture.changes(&owner(), since).await;
        assert_eq!(changes == Changes::Full(current), since < 3, "since {since}: {changes:?}");
    }
    // Whether or not there was anything to forget.
    fixture.apply(["sg_1", "sg_2"].map(|id| set(key("c", id), Patch::KEEP.ex("x")))).await;
    fixture.apply([set(key("c", "sg_1"), Patch::KEEP.ex("y"))]).await;
    assert_eq!(prune(&fixture, &user("c"), 2).await, 0);
    assert!(matches!(fixture.changes(&user("c"), 1).await, Changes::Full(_)));
    assert!(matches!(fixture.changes(&user("c"), 2).await, Changes::Increment { .. }));
}

pub(super) async fn pruning_goes_no_further_than_the_version_and_never_back(fixture: Fixture<'_, impl Harness>) {
    three_gone(&fixture).await;
    assert_eq!(prune(&fixture, &owner(), u64::MAX).await, 3);
    assert_eq!(fixture.version(&owner()).await.version, Version(4));
    assert!(matches!(fixture.changes(&owner(), 4).await, Changes::Increment { .. }), "the current version is kept");
    fixture.apply([remove(key("a", "sg_stays"))]).await;
    let kept = told(fixture.changes(&owner(), 4).await);
    assert_eq!(kept[2], ["sg_stays"]);

    assert_eq!(prune(&fixture, &owner(), 2).await, 0);
    for since in 1..4 {
        let changes = fixture.changes(&owner(), since).await;
        assert!(matches!(changes, Changes::Full(_)), "forgotten for good, since {since}: {changes:?}");
    }
    let nobody = user("nobody");
    assert_eq!(prune(&fixture, &nobody, u64::MAX).await, 0);
    assert_eq!(fixture.version(&nobody).await.version, Version::ZERO);
    fixture.apply([set(key("nobody", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("nobody", "sg_1"))]).await;
    let kept = told(fixture.changes(&nobody, 1).await);
    assert_eq!(kept[2], ["sg_1"]);
}
