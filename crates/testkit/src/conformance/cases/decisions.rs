//! Rule 1: the store keeps what the core decides, for every field.

use conversation_settings_core::{
    ArgsError, Change, Conversation, CustomPatch, Field, GroupId, Kind, Missing, Outcome, Patch, Rejected, Settings,
    Target, Timestamp, Value, Violation,
};
use conversation_settings_store::StoreError;

use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, change, key, remove, set, set_single, user},
};

/// Values that `field` accepts, the default first: the extremes, and some between them.
pub(super) fn values_of(field: Field) -> Vec<Value<'static>> {
    let numbers = [0, 1, 2, 3, 4, i64::MAX, i64::MAX - 1, (1 << 53) + 1, -1, i64::MIN];
    let of_kind: Vec<_> = match field.kind() {
        Kind::Bool => [false, true].map(Value::Bool).into(),
        Kind::I32 => [0, 1, 2, 3, 4, i32::MAX, -1, i32::MIN].map(Value::I32).into(),
        Kind::I64 => numbers.map(Value::I64).into(),
        Kind::Timestamp => numbers.map(Value::Timestamp).into(),
        Kind::Text => ["", "x", " x ", "{\"a\":1}", "0", "null"].map(Value::Text).into(),
        Kind::Custom => custom().map(Value::Custom).into(),
    };
    of_kind.into_iter().filter(|value| Patch::KEEP.with(field, value.clone()).is_ok()).collect()
}

/// Changes of the host's own settings: each gives each of its names another value than the one before.
fn custom() -> [CustomPatch; 6] {
    const NONE: CustomPatch = CustomPatch::KEEP;
    let changes = || -> Result<_, conversation_settings_core::CustomError> {
        Ok([
            NONE,
            NONE.set("theme", "x")?,
            NONE.set("theme", " \"x\"\n\u{1f}\\ ")?.set("0", i64::MAX)?.set("-_", true)?,
            NONE.set("theme", "1")?.set("0", 1)?.set("-_", false)?,
            NONE.set("theme", true)?.set("0", "0")?.set("-_", i64::MIN)?,
            NONE.set("0", 0)?.remove("theme")?.remove("-_")?,
        ])
    };
    changes().expect("names and values are allowed")
}

pub(super) fn with(patch: Patch, field: Field, value: Value<'_>) -> Patch {
    patch.with(field, value).expect("the field accepts it")
}

/// A patch that sets every field to another value than its default.
fn other_than_default() -> Patch {
    Field::ALL.iter().fold(Patch::KEEP, |patch, field| with(patch, *field, values_of(*field)[1].clone()))
}

pub(super) async fn stores_every_value_of_every_field_as_decided(fixture: Fixture<'_, impl Harness>) {
    let key = key("a", "si_a_peer");
    let mut expected = Settings::default();
    fixture.apply([set_single(key.clone(), Patch::KEEP)]).await;
    for &field in Field::ALL {
        for value in values_of(field) {
            let patch = with(Patch::KEEP, field, value.clone());
            let changed = patch.apply(&mut expected);
            let effects = fixture.apply([set_single(key.clone(), patch)]).await;
            let outcome = if changed.is_empty() { Outcome::Unchanged } else { Outcome::Updated(changed.into()) };
            assert_eq!(effects[0].outcome, outcome, "{field} set to {value:?}");
            let stored = fixture.get(&key).await.expect("is there");
            assert_eq!(stored.settings, expected, "{field} set to {value:?}");
        }
    }
}

pub(super) async fn keeps_every_field_when_another_is_set(fixture: Fixture<'_, impl Harness>) {
    let mut expected = Settings::default();
    other_than_default().apply(&mut expected);
    for &field in Field::ALL {
        let key = key("a", format!("si_{field}"));
        fixture.apply([set_single(key.clone(), other_than_default())]).await;
        assert_eq!(fixture.get(&key).await.expect("is there").settings, expected, "all fields in one batch");
        let back = Patch::between(&expected, &Settings::default()).only(field.into());
        let mut after = expected.clone();
        back.apply(&mut after);
        fixture.apply([set_single(key.clone(), back)]).await;
        assert_eq!(fixture.get(&key).await.expect("is there").settings, after, "only {field} was set back");
    }
}

pub(super) async fn creates_from_the_defaults_and_the_patch(fixture: Fixture<'_, impl Harness>) {
    for &field in Field::ALL {
        let key = key("a", format!("si_{field}"));
        let patch = with(Patch::KEEP, field, values_of(field)[1].clone());
        let mut settings = Settings::default();
        patch.apply(&mut settings);
        let effects = fixture.apply([set_single(key.clone(), patch)]).await;
        assert_eq!(effects[0].outcome, Outcome::Created);
        let created = Conversation { key: key.clone(), target: Target::Single(user("peer")), settings, created_at: AT };
        assert_eq!(fixture.get(&key).await, Some(created), "{field}");
    }
}

pub(super) async fn treats_a_missing_conversation_as_the_write_says(fixture: Fixture<'_, impl Harness>) {
    let group = || Target::Group(GroupId::new("team").expect("is an ID"));
    let pinned = || Patch::KEEP.is_pinned(true);
    let cases = [
        ("sg_1", Change::Set { patch: pinned(), missing: Missing::Create(group()) }, Outcome::Created),
        ("sg_2", Change::Set { patch: Patch::KEEP, missing: Missing::Create(group()) }, Outcome::Absent),
        ("sg_3", Change::Set { patch: Patch::KEEP, missing: Missing::CreateEvenIfEmpty(group()) }, Outcome::Created),
        ("sg_4", Change::Set { patch: pinned(), missing: Missing::Skip }, Outcome::Absent),
        ("sg_5", Change::Remove, Outcome::Absent),
    ];
    for (id, what, outcome) in cases {
        let effects = fixture.apply([change(key("a", id), what.clone())]).await;
        assert_eq!(effects[0].outcome, outcome, "{what:?}");
        assert_eq!(fixture.get(&key("a", id)).await.is_some(), outcome == Outcome::Created, "{what:?}");
    }
    let reject = Change::Set { patch: pinned(), missing: Missing::Reject };
    let error = fixture.refused([change(key("a", "sg_6"), reject)]).await;
    assert!(matches!(error, StoreError::Rejected(Rejected::Missing(_))), "{error:?}");
    assert_eq!(fixture.get(&key("a", "sg_6")).await, None);
}

pub(super) async fn follows_what_the_batch_changes_for_other_owners(fixture: Fixture<'_, impl Harness>) {
    let private = |is_on| Patch::KEEP.is_private_chat(is_on);
    let pinned = |is_pinned| Patch::KEEP.is_pinned(is_pinned);
    let follow = |is_on| {
        let (missing, owners) = (Missing::Create(Target::Single(user("z"))), [user("z")].into());
        change(key("a", "room"), Change::Follow { patch: private(is_on), missing, owners })
    };
    let updated = |field: Field| Outcome::Updated(field.into());
    // What is set for `z`, and what follows for `a`, one after the other.
    for (n, (patch, is_on, outcome, following)) in [
        (private(false), false, Outcome::Created, Outcome::Absent),
        (pinned(true), true, updated(Field::IsPinned), Outcome::Absent),
        (private(true), true, updated(Field::IsPrivateChat), Outcome::Created),
        (private(true), true, Outcome::Unchanged, Outcome::Unchanged),
        (pinned(false), false, updated(Field::IsPinned), Outcome::Unchanged),
        (private(false), false, updated(Field::IsPrivateChat), updated(Field::IsPrivateChat)),
    ]
    .into_iter()
    .enumerate()
    {
        let effects = fixture.apply([follow(is_on), set_single(key("z", "room"), patch)]).await;
        assert_eq!((effects[1].outcome, effects[0].outcome), (outcome, following), "step {n}");
    }
    fixture.apply([set_single(key("z", "room"), private(true)), remove(key("a", "room"))]).await;
    let others = [set_single(key("z", "other"), private(true)), set_single(key("b", "room"), private(true))];
    let unchanged = set_single(key("z", "room"), private(true));
    let effects = fixture.apply(others.into_iter().chain([follow(true), unchanged])).await;
    assert_eq!(effects[0].outcome, Outcome::Absent, "another owner and another conversation are not followed");
    assert_eq!(fixture.get(&key("a", "room")).await, None);

    let invalid = Missing::Invalid(ArgsError::new("userIDs", Violation::Empty));
    let create = change(key("c", "room"), Change::Set { patch: private(true), missing: invalid.clone() });
    let error = fixture.refused([create]).await;
    assert!(matches!(error, StoreError::Rejected(Rejected::NotCreatable { .. })), "{error:?}");
    let set = change(key("z", "room"), Change::Set { patch: pinned(true), missing: invalid });
    assert_eq!(fixture.apply([set]).await[0].outcome, updated(Field::IsPinned), "it exists");
}

pub(super) async fn keeps_target_and_creation_time(fixture: Fixture<'_, impl Harness>) {
    let group = || GroupId::new("g").expect("is an ID");
    let targets =
        [Target::Single(user("p")), Target::OldGroup(group()), Target::Group(group()), Target::Notification(user("n"))];
    for (n, target) in targets.iter().enumerate() {
        let key = key("a", format!("c{n}"));
        let set = |patch, target: &Target| {
            change(key.clone(), Change::Set { patch, missing: Missing::CreateEvenIfEmpty(target.clone()) })
        };
        fixture.apply_at([set(Patch::KEEP, target)], Timestamp(7)).await;
        let others = targets.iter().cycle().skip(n + 1).take(3);
        for (m, other) in (8..).zip(others) {
            let seq = conversation_settings_core::Seq::try_from(m).expect("is not negative");
            let effects = fixture.apply_at([set(Patch::KEEP.max_seq(seq), other)], Timestamp(m)).await;
            assert!(matches!(effects[0].outcome, Outcome::Updated(_)));
            let stored = fixture.get(&key).await.expect("is there");
            assert_eq!((&stored.target, stored.created_at), (target, Timestamp(7)), "target and time of the creation");
        }
    }
}

pub(super) async fn keeps_nothing_of_a_removed_conversation(fixture: Fixture<'_, impl Harness>) {
    let key = key("a", "c");
    fixture.apply_at([set_single(key.clone(), other_than_default())], Timestamp(1)).await;
    let effects = fixture.apply([remove(key.clone())]).await;
    assert_eq!(effects[0].outcome, Outcome::Removed);
    assert_eq!(fixture.get(&key).await, None, "removed");
    let effects = fixture.apply_at([set(key.clone(), Patch::KEEP.is_pinned(true))], Timestamp(2)).await;
    assert_eq!(effects[0].outcome, Outcome::Created);
    let again = fixture.get(&key).await.expect("is there");
    let mut expected = Settings::default();
    expected.is_pinned = true;
    assert_eq!((again.settings, again.created_at), (expected, Timestamp(2)));
    assert_eq!(again.target, crate::fixtures::group());
}
