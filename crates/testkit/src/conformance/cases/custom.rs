//! Rules 1, 3, 6 and 7 for the host's own settings, which merge by name.

use std::collections::BTreeMap;

use conversation_settings_core::{
    Custom, CustomName, CustomPatch, CustomText, CustomValue, Field, Key, Outcome, Patch, Rejected,
};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest, StoreError};

use super::{serialization::apply_at_once, values::TEXTS};
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{conversation, key, set, user},
};

/// A change of these names; `None` removes a name.
fn custom<V: Into<CustomValue>>(names: impl IntoIterator<Item = (String, Option<V>)>) -> Patch {
    let name = |name: String| CustomName::new(name).expect("is a name");
    let names = names.into_iter().map(|(text, value)| (name(text), value.map(Into::into)));
    Patch::KEEP.custom(names.collect::<CustomPatch>())
}

fn text(text: &str) -> CustomValue {
    text.try_into().expect("is allowed")
}

/// A change that gives names their numbers.
fn numbered(numbers: impl IntoIterator<Item = usize>) -> Patch {
    custom(numbers.into_iter().map(|n| (format!("n{n}"), Some(i64::try_from(n).expect("is small")))))
}

fn removed(numbers: impl IntoIterator<Item = usize>) -> Patch {
    custom(numbers.into_iter().map(|n| (format!("n{n}"), None::<i64>)))
}

async fn stored(fixture: &Fixture<'_, impl Harness>, key: &Key) -> Custom {
    fixture.get(key).await.expect("is there").settings.custom
}

fn expected(patch: &Patch) -> Custom {
    let mut settings = conversation_settings_core::Settings::default();
    patch.apply(&mut settings);
    settings.custom
}

pub(super) async fn merges_the_host_s_own_settings_by_name(fixture: Fixture<'_, impl Harness>) {
    let keys = ["a", "b", "c"].map(|owner| key(owner, "sg_1"));
    // One of the owners has nothing, one has another name, and one has the same names with other values.
    fixture.apply([set(keys[0].clone(), Patch::KEEP.is_pinned(true))]).await;
    fixture.apply([set(keys[1].clone(), numbered([7]))]).await;
    fixture.apply([set(keys[2].clone(), custom([1, 2, 7].map(|n| (format!("n{n}"), Some(true)))))]).await;
    let change = numbered([1, 2]).then(removed([3]));
    let batch = crate::fixtures::set_all(keys.clone(), &change);
    let effects = fixture.store().apply(&batch, crate::fixtures::AT).await.expect("can be applied").effects;
    assert!(effects.iter().all(|effect| effect.outcome.updated() == Field::Custom.into()), "{effects:?}");
    assert_eq!(stored(&fixture, &keys[0]).await, expected(&numbered([1, 2])));
    assert_eq!(stored(&fixture, &keys[1]).await, expected(&numbered([1, 2, 7])));
    let of_third = custom([("n7".to_owned(), Some(true))]).then(numbered([1, 2]));
    assert_eq!(stored(&fixture, &keys[2]).await, expected(&of_third));

    let effects = fixture.store().apply(&batch, crate::fixtures::AT).await.expect("can be applied").effects;
    assert!(effects.iter().all(|effect| effect.outcome == Outcome::Unchanged), "a repeat: {effects:?}");

    let back = crate::fixtures::set_all(keys.clone(), &removed([1, 2]));
    fixture.store().apply(&back, crate::fixtures::AT).await.expect("can be applied");
    assert_eq!(stored(&fixture, &keys[0]).await, Custom::EMPTY);
    assert_eq!(stored(&fixture, &keys[1]).await, expected(&numbered([7])));
    fixture.apply([set(keys[0].clone(), numbered([9]))]).await;
    assert_eq!(stored(&fixture, &keys[0]).await, expected(&numbered([9])), "a name after the last was removed");
    assert!(fixture.get(&keys[0]).await.expect("is there").settings.is_pinned, "other settings stay");

    let changes = fixture.changes(&user("b"), 1).await;
    let conversation_settings_store::Changes::Increment { updated, .. } = changes else { panic!("{changes:?}") };
    assert_eq!(updated[0].settings.custom, expected(&numbered([7])), "a client that syncs sees them");
}

pub(super) async fn merges_each_name_of_concurrent_updates(fixture: Fixture<'_, impl Harness>) {
    const NAMES: usize = Custom::MAX_NAMES;
    for (round, id) in ["missing", "there"].into_iter().enumerate() {
        let key = key("a", format!("sg_{id}"));
        if round > 0 {
            fixture.apply([set(key.clone(), Patch::KEEP.is_pinned(true))]).await;
        }
        let updates = (0..NAMES).map(|n| vec![set(key.clone(), numbered([n]))]);
        apply_at_once(std::slice::from_ref(fixture.store()), updates).await;
        assert_eq!(stored(&fixture, &key).await, expected(&numbered(0..NAMES)), "{id}");
    }
}

pub(super) async fn rejects_more_names_than_a_conversation_may_have(fixture: Fixture<'_, impl Harness>) {
    const NAMES: usize = Custom::MAX_NAMES;
    let (full, other) = (key("a", "sg_1"), key("b", "sg_1"));
    fixture.apply([set(full.clone(), numbered(0..NAMES))]).await;
    let error = fixture.refused([full.clone(), other.clone()].map(|key| set(key, numbered([NAMES])))).await;
    let is_rejected = matches!(&error, StoreError::Rejected(Rejected::TooManyNames { key, got: 65 }) if *key == full);
    assert!(is_rejected, "{error:?}");
    assert_eq!(fixture.get(&other).await, None, "nothing of the batch is stored");
    fixture.apply([set(full.clone(), numbered([NAMES]).then(removed([0])))]).await;
    assert_eq!(stored(&fixture, &full).await, expected(&numbered(1..=NAMES)));
}

pub(super) async fn keeps_texts_of_the_host_s_own_settings(fixture: Fixture<'_, impl Harness>) {
    let long = ["🦀".repeat(CustomText::MAX_BYTES / 4), "\u{1f}".repeat(CustomText::MAX_BYTES)];
    let texts = TEXTS.iter().copied().chain(long.iter().map(String::as_str)).filter(|text| !text.contains('\0'));
    for (n, of) in texts.enumerate() {
        let key = key("a", format!("sg_{n:02}"));
        let patch = custom([("text".to_owned(), Some(text(of)))]);
        fixture.apply([set(key.clone(), patch.clone())]).await;
        assert_eq!(stored(&fixture, &key).await, expected(&patch), "{of:?}");
        let found = fixture.store().list_all(&user("a"), &Filter::is(patch)).await.expect("can be read");
        assert_eq!(found.iter().map(|found| &found.key).collect::<Vec<_>>(), [&key], "{of:?}");
    }
}

pub(super) async fn filters_by_name_and_absence(fixture: Fixture<'_, impl Harness>) {
    // Values that some engine takes for each other.
    let values = [CustomValue::from(true), false.into(), 1.into(), 0.into(), text("1"), text("true"), text("")];
    let settings = values.iter().map(|value| custom([("folder".to_owned(), Some(value.clone()))]));
    let settings: Vec<_> = settings.chain([numbered([7]), Patch::KEEP.is_pinned(true)]).collect();
    let by_owner: BTreeMap<_, _> = settings.iter().enumerate().map(|(n, of)| (format!("u{n}"), of)).collect();
    fixture.apply(by_owner.iter().map(|(owner, of)| set(key(owner, "sg_1"), (*of).clone()))).await;
    fixture.apply(by_owner.iter().map(|(id, of)| set(key("all", id), (*of).clone()))).await;
    let absent = custom([("folder".to_owned(), None::<bool>)]);
    for patch in settings[..values.len()].iter().chain([&absent]) {
        for filter in [Filter::is(patch.clone()), Filter::is_not(patch.clone())] {
            let has = |of: &Patch| {
                let mut settings = conversation_settings_core::Settings::default();
                of.apply(&mut settings);
                filter.matches(&settings)
            };
            let expected: Vec<_> = by_owner.iter().filter(|(_, of)| has(of)).map(|(owner, _)| owner.as_str()).collect();
            assert!([1, 2, 7, 8].contains(&expected.len()), "{expected:?}");
            let listed = fixture.store().list_all(&user("all"), &filter).await.expect("can be read");
            let ids: Vec<_> = listed.iter().map(|found| found.key.conversation_id.as_str()).collect();
            assert_eq!(ids, expected, "{filter:?}");
            let page = PageRequest::first(100);
            let page = fixture.store().list_by_conversation(&conversation("sg_1"), &filter, &page).await;
            let page = page.expect("can be read").conversations;
            let owners: Vec<_> = page.iter().map(|found| found.key.owner.as_str()).collect();
            assert_eq!(owners, expected, "{filter:?}");
        }
    }
}
