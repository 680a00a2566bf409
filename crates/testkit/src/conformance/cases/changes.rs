//! What a client is told that synced before.

use conversation_settings_core::{Conversation, ConversationId, Patch, UserId, Version};
use conversation_settings_store::{Changes, ConversationStore, LogId, OwnerVersion};

use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, key, remove, set, user},
};

fn owner() -> UserId {
    user("a")
}

/// The IDs that are told, in order: inserted, updated, removed.
pub(super) type Told = [Vec<String>; 3];

/// What is told, which must not be to sync in full.
pub(super) fn told(changes: Changes) -> Told {
    let Changes::Increment { inserted, updated, removed, .. } = changes else { panic!("can be told: {changes:?}") };
    let ids = |told: Vec<Conversation>| told.into_iter().map(|told| told.key.conversation_id).collect();
    [ids(inserted), ids(updated), removed].map(|mut ids: Vec<ConversationId>| {
        ids.sort();
        ids.iter().map(ToString::to_string).collect()
    })
}

fn is_told(inserted: &[&str], updated: &[&str], removed: &[&str]) -> Told {
    [inserted, updated, removed].map(|ids| ids.iter().map(ToString::to_string).collect())
}

pub(super) async fn a_client_is_told_what_is_new_what_is_otherwise_and_what_is_gone(
    fixture: Fixture<'_, impl Harness>,
) {
    let ids = ["sg_0", "sg_1", "sg_2", "sg_3", "sg_4"];
    fixture.apply(ids.map(|id| set(key("a", id), Patch::KEEP.ex("at 1")))).await;
    fixture
        .apply([set(key("a", "sg_1"), Patch::KEEP.ex("at 2")), set(key("a", "sg_new"), Patch::KEEP.ex("at 2"))])
        .await;
    fixture.apply([remove(key("a", "sg_2")), set(key("a", "sg_3"), Patch::KEEP.ex("at 3"))]).await;
    fixture.apply([set(key("b", "sg_4"), Patch::KEEP.ex("of another"))]).await;

    let expected = [
        is_told(&["sg_0", "sg_1", "sg_3", "sg_4", "sg_new"], &[], &[]),
        is_told(&["sg_new"], &["sg_1", "sg_3"], &["sg_2"]),
        is_told(&[], &["sg_3"], &["sg_2"]),
        is_told(&[], &[], &[]),
    ];
    for (since, expected) in (0..).zip(expected) {
        let changes = fixture.changes(&owner(), since).await;
        assert_eq!(changes.version(), fixture.version(&owner()).await);
        if let Changes::Increment { inserted, updated, .. } = &changes {
            for conversation in inserted.iter().chain(updated) {
                assert_eq!(Some(conversation), fixture.get(&conversation.key).await.as_ref(), "as it is now");
            }
        }
        assert_eq!(told(changes), expected, "since {since}");
    }
}

pub(super) async fn what_came_and_went_in_between_is_not_told(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("a", "sg_brief"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("a", "sg_brief"), Patch::KEEP.ex("y"))]).await;
    fixture.apply([remove(key("a", "sg_brief"))]).await;
    assert_eq!(told(fixture.changes(&owner(), 0).await), is_told(&["sg_1"], &[], &[]));
    assert_eq!(told(fixture.changes(&owner(), 1).await), is_told(&[], &[], &[]), "it was not there and is not there");
    assert_eq!(told(fixture.changes(&owner(), 2).await), is_told(&[], &[], &["sg_brief"]));
    assert_eq!(told(fixture.changes(&owner(), 3).await), is_told(&[], &[], &["sg_brief"]));
}

pub(super) async fn what_was_removed_and_created_again_is_told_by_what_the_client_held(
    fixture: Fixture<'_, impl Harness>,
) {
    fixture.apply([set(key("a", "sg_other"), Patch::KEEP.ex("x"))]).await;
    // There at 2, 4 and 6.
    for _ in 0..2 {
        fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
        fixture.apply([remove(key("a", "sg_1"))]).await;
    }
    for (since, held) in [(1, false), (2, true), (3, false), (4, true)] {
        let gone: &[_] = if held { &["sg_1"] } else { &[] };
        assert_eq!(told(fixture.changes(&owner(), since).await), is_told(&[], &[], gone), "gone, since {since}");
    }
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    for (since, held) in [(1, false), (2, true), (3, false), (4, true), (5, false)] {
        let (inserted, updated): (&[_], &[_]) = if held { (&[], &["sg_1"]) } else { (&["sg_1"], &[]) };
        assert_eq!(
            told(fixture.changes(&owner(), since).await),
            is_told(inserted, updated, &[]),
            "there, since {since}"
        );
    }
}

pub(super) async fn a_client_of_the_current_version_is_told_nothing(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "sg_1"))]).await;
    for owner in ["a", "nobody"] {
        let version = fixture.version(&user(owner)).await;
        let (inserted, updated, removed) = (Vec::new(), Vec::new(), Vec::new());
        let nothing = Changes::Increment { version, inserted, updated, removed };
        assert_eq!(fixture.changes_since(&user(owner), version).await, nothing, "{owner}");
        let with_no_room = fixture.store().changes(&user(owner), &version, 0).await.expect("can be read");
        assert_eq!(with_no_room, nothing, "{owner}: nothing is not more than the limit");
    }
}

pub(super) async fn a_client_that_holds_nothing_can_always_be_told(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x")), set(key("a", "sg_2"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "sg_2"))]).await;
    fixture.store().prune(&owner(), Version(2)).await.expect("can be pruned");
    for log in [LogId::NONE, LogId([7; 12]), fixture.version(&owner()).await.log] {
        let since = OwnerVersion { log, version: Version::ZERO };
        assert_eq!(told(fixture.changes_since(&owner(), since).await), is_told(&["sg_1"], &[], &[]), "of {log}");
        let of_nobody = fixture.changes_since(&user("nobody"), since).await;
        assert_eq!(told(of_nobody), is_told(&[], &[], &[]), "of {log}");
    }
}

pub(super) async fn a_client_of_another_log_or_from_the_future_is_told_to_sync_in_full(
    fixture: Fixture<'_, impl Harness>,
) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("y"))]).await;
    let current = fixture.version(&owner()).await;
    let of = |log, version| OwnerVersion { log, version: Version(version) };
    let strangers = [
        of(LogId([7; 12]), 1),
        of(LogId([7; 12]), 2),
        of(LogId::NONE, 1),
        of(current.log, 3),
        of(current.log, u64::MAX),
        of(LogId([7; 12]), u64::MAX),
    ];
    for since in strangers {
        assert_eq!(fixture.changes_since(&owner(), since).await, Changes::Full(current), "{since:?}");
    }
    let nobody = user("nobody");
    let current = fixture.version(&nobody).await;
    assert_eq!(fixture.changes_since(&nobody, of(LogId([7; 12]), 1)).await, Changes::Full(current));
}

pub(super) async fn more_changes_than_the_limit_are_a_full_sync(fixture: Fixture<'_, impl Harness>) {
    // The one that stays as the client holds it does not count.
    fixture.apply(["sg_held", "sg_old"].map(|id| set(key("a", id), Patch::KEEP.ex("x")))).await;
    let ids: Vec<_> = (0..5).map(|n| format!("sg_{n}")).collect();
    let writes = || ids.iter().map(|id| set(key("a", id), Patch::KEEP.ex("x")));
    fixture.store().apply(&batch(writes()), AT).await.expect("can be applied");
    fixture.apply([remove(key("a", "sg_old"))]).await;
    let current = fixture.version(&owner()).await;
    let since = OwnerVersion { version: Version(1), ..current };
    for limit in [0, 1, 5, 6, 7, usize::MAX] {
        let changes = fixture.store().changes(&owner(), &since, limit).await.expect("can be read");
        if limit < 6 {
            assert_eq!(changes, Changes::Full(current), "6 records are more than {limit}");
        } else {
            let ids: Vec<_> = ids.iter().map(|id| &**id).collect();
            assert_eq!(told(changes), is_told(&ids, &[], &["sg_old"]), "6 records are not more than {limit}");
        }
    }
}
