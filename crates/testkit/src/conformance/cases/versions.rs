//! Rule 4: versions are stored as resolved.

use conversation_settings_core::{Change, Effect, Missing, Outcome, Patch, Timestamp, Version, Write, WriteBatch};
use conversation_settings_store::{Changes, ConversationStore};

use crate::{
    Model,
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, change, key, remove, set, user},
};

pub(super) async fn raises_the_version_of_each_changed_owner_by_one(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set(key("c", "sg_1"), Patch::KEEP.ex("x"))]).await;
    // Four conversations of `a` change and one does not, two of `b` are created, and nothing of `c` changes.
    fixture
        .apply([
            set(key("a", "sg_1"), Patch::KEEP.ex("y")),
            set(key("a", "sg_2"), Patch::KEEP.ex("y")),
            set(key("a", "sg_3"), Patch::KEEP.ex("y")),
            set(key("a", "sg_4"), Patch::KEEP),
            set(key("a", "sg_5"), Patch::KEEP.is_pinned(true)),
            set(key("b", "sg_1"), Patch::KEEP.ex("y")),
            set(key("b", "sg_2"), Patch::KEEP.ex("y")),
            set(key("c", "sg_1"), Patch::KEEP.ex("x")),
        ])
        .await;
    for (owner, version) in [("a", 2), ("b", 1), ("c", 1), ("nobody", 0)] {
        assert_eq!(fixture.version(&user(owner)).await.version, Version(version), "{owner}");
    }
    for (owner, since, changed) in [("a", 1, 4), ("b", 0, 2), ("c", 1, 0)] {
        let Changes::Increment { inserted, updated, removed, .. } = fixture.changes(&user(owner), since).await else {
            panic!("{owner}: an increment is possible")
        };
        assert_eq!(inserted.len() + updated.len() + removed.len(), changed, "{owner}: changes of the last version");
    }
    let effects = fixture.apply([remove(key("a", "sg_1")), remove(key("b", "sg_9"))]).await;
    assert_eq!(effects[0], Effect { outcome: Outcome::Removed, version: Some(Version(3)) });
    assert_eq!(effects[1], Effect { outcome: Outcome::Absent, version: None });
}

pub(super) async fn raises_no_version_and_reports_no_change_for_a_noop(fixture: Fixture<'_, impl Harness>) {
    let key = || key("a", "sg_1");
    fixture.apply([set(key(), Patch::KEEP.ex("x").is_pinned(true))]).await;
    let skip = |id: &str, patch| {
        let missing = Missing::Skip;
        change(crate::fixtures::key("a", id), Change::Set { patch, missing })
    };
    let noops = [
        (set(key(), Patch::KEEP.ex("x")), Outcome::Unchanged),
        (set(key(), Patch::KEEP.ex("x").is_pinned(true).is_msg_destruct(false)), Outcome::Unchanged),
        (set(key(), Patch::KEEP), Outcome::Unchanged),
        (skip("sg_1", Patch::KEEP), Outcome::Unchanged),
        (skip("sg_2", Patch::KEEP.ex("x")), Outcome::Absent),
        (set(crate::fixtures::key("a", "sg_2"), Patch::KEEP), Outcome::Absent),
        (remove(crate::fixtures::key("a", "sg_2")), Outcome::Absent),
        (remove(crate::fixtures::key("b", "sg_2")), Outcome::Absent),
    ];
    for (write, outcome) in noops {
        let effects = fixture.apply_at([write.clone()], Timestamp(5)).await;
        assert_eq!(effects, [Effect { outcome, version: None }], "{write:?}");
        let current = fixture.version(&user("a")).await;
        assert_eq!(current.version, Version(1), "{write:?}");
        assert_eq!(fixture.version(&user("b")).await.version, Version::ZERO, "{write:?}");
        let changes = fixture.changes(&user("a"), 1).await;
        let (inserted, updated, removed) = (Vec::new(), Vec::new(), Vec::new());
        assert_eq!(changes, Changes::Increment { version: current, inserted, updated, removed }, "{write:?}");
    }
    assert_eq!(fixture.get(&key()).await.expect("is there").created_at, AT);
}

pub(super) async fn treats_a_repeated_batch_as_a_noop(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_gone"), Patch::KEEP.ex("x"))]).await;
    let writes = || {
        [
            set(key("a", "sg_1"), Patch::KEEP.ex("x")),
            remove(key("a", "sg_gone")),
            set(key("b", "sg_1"), Patch::KEEP.is_pinned(true)),
        ]
    };
    let changed = fixture.apply(writes()).await;
    assert!(changed.iter().all(|effect| effect.outcome.is_change()));
    // A caller whose answer was lost repeats the batch.
    let again = fixture.apply_at(writes(), Timestamp(9)).await;
    assert!(again.iter().all(|effect| !effect.outcome.is_change() && effect.version.is_none()), "{again:?}");
    let versions = (fixture.version(&user("a")).await.version, fixture.version(&user("b")).await.version);
    assert_eq!(versions, (Version(2), Version(1)));
}

pub(super) async fn returns_effects_in_the_order_of_the_batch(fixture: Fixture<'_, impl Harness>) {
    let writes: Vec<_> = (0..40)
        .map(|n| key(format!("owner{}", n % 7), format!("sg_{}", n * 13 % 40)))
        .enumerate()
        .map(|(n, key)| match n % 4 {
            0 => set(key, Patch::KEEP.ex("x")),
            1 => set(key, Patch::KEEP),
            2 => set(key, Patch::KEEP.is_pinned(true)),
            _ => remove(key),
        })
        .collect();
    let is_there = |write: &&Write| write.key.conversation_id.as_str().len() == "sg_0".len();
    let there = writes.iter().filter(is_there).map(|write| set(write.key.clone(), Patch::KEEP.is_pinned(true)));
    let mut model = Model::default();
    for batch in [batch(there), batch(writes)] {
        let expected = model.apply(&batch, AT).expect("is not rejected");
        let applied = fixture.store().apply(&batch, AT).await.expect("can be applied");
        assert_eq!(applied, expected, "one effect per write, in the order of the keys");
    }
}

pub(super) async fn accepts_an_empty_batch(fixture: Fixture<'_, impl Harness>) {
    let applied = fixture.store().apply(&WriteBatch::default(), AT).await.expect("can be applied");
    assert_eq!(applied.effects, []);
    assert_eq!(fixture.version(&user("a")).await.version, Version::ZERO);
}
