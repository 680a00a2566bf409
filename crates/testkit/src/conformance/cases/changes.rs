//! Rule 8: the changes for a client that has synced before.

use conversation_settings_core::{Conversation, ConversationId, Patch, UserId, Version};
use conversation_settings_store::{Changes, ConversationStore, LogId, OwnerVersion};

use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, key, remove, set, user},
};

fn owner() -> UserId {
    user("a")
}

/// IDs, in order: inserted, updated, removed.
pub(super) type Ids = [Vec<String>; 3];

/// The IDs of an increment.
pub(super) fn ids(changes: Changes) -> Ids {
    let Changes::Increment { inserted, updated, removed, .. } = changes else {
        panic!("an increment is possible: {changes:?}")
    };
    let ids = |found: Vec<Conversation>| found.into_iter().map(|found| found.key.conversation_id).collect();
    [ids(inserted), ids(updated), removed].map(|mut ids: Vec<ConversationId>| {
        ids.sort();
        ids.iter().map(ToString::to_string).collect()
    })
}

fn increment(inserted: &[&str], updated: &[&str], removed: &[&str]) -> Ids {
    [inserted, updated, removed].map(|ids| ids.iter().map(ToString::to_string).collect())
}

pub(super) async fn reports_inserted_updated_and_removed_conversations(fixture: Fixture<'_, impl Harness>) {
    let first = ["sg_0", "sg_1", "sg_2", "sg_3", "sg_4"];
    fixture.apply(first.map(|id| set(key("a", id), Patch::KEEP.ex("at 1")))).await;
    fixture
        .apply([set(key("a", "sg_1"), Patch::KEEP.ex("at 2")), set(key("a", "sg_new"), Patch::KEEP.ex("at 2"))])
        .await;
    fixture.apply([remove(key("a", "sg_2")), set(key("a", "sg_3"), Patch::KEEP.ex("at 3"))]).await;
    fixture.apply([set(key("b", "sg_4"), Patch::KEEP.ex("of another"))]).await;

    let expected = [
        increment(&["sg_0", "sg_1", "sg_3", "sg_4", "sg_new"], &[], &[]),
        increment(&["sg_new"], &["sg_1", "sg_3"], &["sg_2"]),
        increment(&[], &["sg_3"], &["sg_2"]),
        increment(&[], &[], &[]),
    ];
    for (since, expected) in (0..).zip(expected) {
        let changes = fixture.changes(&owner(), since).await;
        assert_eq!(changes.version(), fixture.version(&owner()).await);
        if let Changes::Increment { inserted, updated, .. } = &changes {
            for conversation in inserted.iter().chain(updated) {
                assert_eq!(
                    Some(conversation),
                    fixture.get(&conversation.key).await.as_ref(),
                    "the conversation as it is now"
                );
            }
        }
        assert_eq!(ids(changes), expected, "since {since}");
    }
}

pub(super) async fn reports_nothing_of_a_conversation_created_and_removed_since(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("a", "sg_brief"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("a", "sg_brief"), Patch::KEEP.ex("y"))]).await;
    fixture.apply([remove(key("a", "sg_brief"))]).await;
    assert_eq!(ids(fixture.changes(&owner(), 0).await), increment(&["sg_1"], &[], &[]));
    assert_eq!(ids(fixture.changes(&owner(), 1).await), increment(&[], &[], &[]), "the client never had it");
    assert_eq!(ids(fixture.changes(&owner(), 2).await), increment(&[], &[], &["sg_brief"]));
    assert_eq!(ids(fixture.changes(&owner(), 3).await), increment(&[], &[], &["sg_brief"]));
}

pub(super) async fn reports_a_recreated_conversation_by_what_the_client_has(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_other"), Patch::KEEP.ex("x"))]).await;
    // The conversation exists at versions 2, 4 and 6.
    for _ in 0..2 {
        fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
        fixture.apply([remove(key("a", "sg_1"))]).await;
    }
    for (since, had) in [(1, false), (2, true), (3, false), (4, true)] {
        let gone: &[_] = if had { &["sg_1"] } else { &[] };
        assert_eq!(ids(fixture.changes(&owner(), since).await), increment(&[], &[], gone), "removed, since {since}");
    }
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    for (since, had) in [(1, false), (2, true), (3, false), (4, true), (5, false)] {
        let (inserted, updated): (&[_], &[_]) = if had { (&[], &["sg_1"]) } else { (&["sg_1"], &[]) };
        assert_eq!(
            ids(fixture.changes(&owner(), since).await),
            increment(inserted, updated, &[]),
            "recreated, since {since}"
        );
    }
}

pub(super) async fn reports_nothing_to_a_current_client(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "sg_1"))]).await;
    for owner in ["a", "nobody"] {
        let version = fixture.version(&user(owner)).await;
        let (inserted, updated, removed) = (Vec::new(), Vec::new(), Vec::new());
        let nothing = Changes::Increment { version, inserted, updated, removed };
        assert_eq!(fixture.changes_since(&user(owner), version).await, nothing, "{owner}");
        let with_limit_zero = fixture.store().changes(&user(owner), &version, 0).await.expect("can be read");
        assert_eq!(with_limit_zero, nothing, "{owner}: no change exceeds no limit");
    }
}

pub(super) async fn reports_everything_to_a_new_client(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x")), set(key("a", "sg_2"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "sg_2"))]).await;
    fixture.store().prune(&owner(), Version(2)).await.expect("can be pruned");
    for log in [LogId::NONE, LogId([7; 12]), fixture.version(&owner()).await.log] {
        let since = OwnerVersion { log, version: Version::ZERO };
        assert_eq!(ids(fixture.changes_since(&owner(), since).await), increment(&["sg_1"], &[], &[]), "of {log}");
        let of_nobody = fixture.changes_since(&user("nobody"), since).await;
        assert_eq!(ids(of_nobody), increment(&[], &[], &[]), "of {log}");
    }
}

pub(super) async fn requires_a_full_sync_for_another_log_or_a_future_version(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("y"))]).await;
    let current = fixture.version(&owner()).await;
    let of = |log, version| OwnerVersion { log, version: Version(version) };
    let unknown = [
        of(LogId([7; 12]), 1),
        of(LogId([7; 12]), 2),
        of(LogId::NONE, 1),
        of(current.log, 3),
        of(current.log, u64::MAX),
        of(LogId([7; 12]), u64::MAX),
    ];
    for since in unknown {
        assert_eq!(fixture.changes_since(&owner(), since).await, Changes::Full(current), "{since:?}");
    }
    let nobody = user("nobody");
    let current = fixture.version(&nobody).await;
    assert_eq!(fixture.changes_since(&nobody, of(LogId([7; 12]), 1)).await, Changes::Full(current));
}

pub(super) async fn requires_a_full_sync_for_more_changes_than_the_limit(fixture: Fixture<'_, impl Harness>) {
    // A conversation that did not change does not count.
    fixture.apply(["sg_kept", "sg_old"].map(|id| set(key("a", id), Patch::KEEP.ex("x")))).await;
    let sent: Vec<_> = (0..5).map(|n| format!("sg_{n}")).collect();
    let writes = || sent.iter().map(|id| set(key("a", id), Patch::KEEP.ex("x")));
    fixture.store().apply(&batch(writes()), AT).await.expect("can be applied");
    fixture.apply([remove(key("a", "sg_old"))]).await;
    let current = fixture.version(&owner()).await;
    let since = OwnerVersion { version: Version(1), ..current };
    for limit in [0, 1, 5, 6, 7, usize::MAX] {
        let changes = fixture.store().changes(&owner(), &since, limit).await.expect("can be read");
        if limit < 6 {
            assert_eq!(changes, Changes::Full(current), "6 records are more than {limit}");
        } else {
            let inserted: Vec<_> = sent.iter().map(|id| &**id).collect();
            assert_eq!(ids(changes), increment(&inserted, &[], &["sg_old"]), "6 records are not more than {limit}");
        }
    }
    // For a new client, a removed conversation counts as well, though the client never hears of it.
    let new = OwnerVersion { version: Version::ZERO, ..current };
    let changes = fixture.store().changes(&owner(), &new, 6).await.expect("can be read");
    assert_eq!(changes, Changes::Full(current), "7 records are more than 6");
    let changes = fixture.store().changes(&owner(), &new, 7).await.expect("can be read");
    let inserted: Vec<_> = sent.iter().map(|id| &**id).chain(["sg_kept"]).collect();
    assert_eq!(ids(changes), increment(&inserted, &[], &[]), "7 records are not more than 7");
}
