//! Rule 7: every value is kept as it is.

use conversation_settings_core::{
    Conversation, ConversationId, Field, GroupId, Key, Kind, Patch, Settings, Target, Timestamp, UserId, Value,
};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest};

use super::decisions::{values_of, with};
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, change, conversation, key, set, set_single, user},
};

/// Syntax of query languages, and texts that some store trims, folds or cuts.
pub(super) const TEXTS: &[&str] = &[
    "",
    "\0",
    "a\0b",
    " x ",
    "x\n",
    "\r\n\t",
    "$",
    "$set",
    "$$ROOT",
    "a.b",
    "'; DROP TABLE conversations; --",
    "\"quoted\"",
    "\\u0000",
    "\\",
    "%_",
    "NULL",
    "{\"a\": 1}",
    "\u{feff}x",
    "e\u{301}",
    "\u{e9}",
    "🦀",
    "\u{10ffff}",
    "\u{ffff}",
    "İ",
    "🦀é\u{feff}",
    "%_\\ \r\n\t",
];
/// IDs that are equal in some collation, or to a store that trims, folds or cuts.
const ALIKE: &[&str] = &[
    "a",
    "A",
    "a ",
    " a",
    "ä",
    "Ä",
    "a\u{308}",
    "Å",
    "A\u{30a}",
    "á",
    "a\u{301}",
    "a\u{200b}",
    "aa",
    "ß",
    "ss",
    "ı",
    "i",
    "I",
    "İ",
    "1",
    "01",
    "1.0",
    "ａ",
    "\u{ffff}",
    "🦀",
];
/// IDs that are syntax of some query language.
const DATA: &[&str] = &[
    "$", "$set", "$$ROOT", "a.b", ".", "..", "'", "'; --", "\"", "\\", "%", "_", "a%", "a_b", "null", "true", "{}",
    "[]", ",", ":", "/", "a/b", "(a,b)", "*", "?", "#", "&", "0", "-1", "🦀", "中文", "\u{feff}",
];

fn text_fields() -> impl Iterator<Item = Field> {
    Field::ALL.iter().copied().filter(|field| field.kind() == Kind::Text)
}

pub(super) async fn keeps_texts_byte_for_byte(fixture: Fixture<'_, impl Harness>) {
    let owner = user("a");
    for field in text_fields() {
        for (n, text) in TEXTS.iter().enumerate() {
            let key = key(&owner, format!("sg_{field}_{n:02}"));
            fixture.apply([set_single(key.clone(), with(Patch::KEEP.is_pinned(true), field, Value::Text(text)))]).await;
            let stored = fixture.get(&key).await.expect("is there");
            assert_eq!(stored.settings.value(field), Value::Text(text), "{field}");
            let of_text = Filter::is(with(Patch::KEEP, field, Value::Text(text)).is_pinned(true));
            let found = fixture.store().list_all(&owner, &of_text).await.expect("can be read");
            let is_it = |found: &Conversation| found.key == key || text.is_empty();
            assert!(found.contains(&stored) && found.iter().all(is_it), "found by {field} {text:?}: {found:?}");
        }
    }
}

pub(super) async fn keeps_texts_of_every_size(fixture: Fixture<'_, impl Harness>) {
    const SIZES: [usize; 13] = [1, 127, 128, 255, 256, 1_023, 1_024, 4_095, 4_096, 32_768, 65_535, 65_536, 120_000];
    for field in text_fields() {
        for letter in ["x", "é", "🦀", "\0"] {
            for size in SIZES {
                let key = key("a", format!("sg_{field}"));
                let text = letter.repeat(size / letter.len());
                let patch = with(Patch::KEEP, field, Value::Text(&text));
                fixture.apply([set(key.clone(), patch.clone())]).await;
                let found = fixture.store().list_all(&key.owner, &Filter::is(patch)).await.expect("can be read");
                assert!(found.len() == 1 || text.is_empty(), "{field}: {size} bytes of {letter:?} found by a filter");
                let stored = fixture.get(&key).await.map(|stored| stored.settings);
                let is_kept = stored.is_some_and(|settings| settings.value(field) == Value::Text(&text));
                assert!(is_kept || text.is_empty(), "{field}: {size} bytes of {letter:?}");
            }
        }
    }
}

async fn assert_distinguishes(fixture: &Fixture<'_, impl Harness>, ids: &[&str]) {
    let keys: Vec<Key> = ids.iter().flat_map(|owner| ids.iter().map(move |id| key(owner, id))).collect();
    let text = |key: &Key| format!("{:?} of {:?}", key.conversation_id.as_str(), key.owner.as_str());
    fixture.apply(keys.iter().map(|key| set(key.clone(), Patch::KEEP.ex(text(key))))).await;
    let found = fixture.store().get(&keys).await.expect("can be read");
    assert_eq!(found.len(), keys.len());
    for (found, key) in found.iter().zip(&keys) {
        let found = found.as_ref().unwrap_or_else(|| panic!("{} is missing", text(key)));
        assert_eq!((&found.key, &*found.settings.ex), (key, &*text(key)));
    }
    let mut in_byte_order = ids.to_vec();
    in_byte_order.sort_unstable_by_key(|id| id.as_bytes().to_vec());
    for id in ids {
        let listed = fixture.store().list_all(&user(id), &Filter::ALL).await.expect("can be read");
        let listed: Vec<_> = listed.iter().map(|found| found.key.conversation_id.as_str()).collect();
        assert_eq!(listed, in_byte_order, "the conversations of {id:?}");
        let page = PageRequest::first(ids.len());
        let views =
            fixture.store().list_by_conversation(&conversation(id), &Filter::ALL, &page).await.expect("can be read");
        let owners: Vec<_> = views.conversations.iter().map(|found| found.key.owner.as_str()).collect();
        assert_eq!(owners, in_byte_order, "the owners of {id:?}");
        let version = fixture.version(&user(id)).await.version;
        assert_eq!(version.0, 1, "the version of {id:?} after one batch");
    }
}

pub(super) async fn treats_ids_as_data(fixture: Fixture<'_, impl Harness>) {
    assert_distinguishes(&fixture, DATA).await;
    for id in DATA {
        let (of_user, of_group) = (user(id), GroupId::new(*id).expect("is an ID"));
        let targets = [
            Target::Single(of_user.clone()),
            Target::OldGroup(of_group.clone()),
            Target::Group(of_group),
            Target::Notification(of_user),
        ];
        for (n, target) in targets.into_iter().enumerate() {
            let key = key("of targets", format!("{id}{n}"));
            let missing = conversation_settings_core::Missing::CreateEvenIfEmpty(target.clone());
            let create = conversation_settings_core::Change::Set { patch: Patch::KEEP, missing };
            fixture.apply([change(key.clone(), create)]).await;
            let created = Conversation { key: key.clone(), target, settings: Settings::default(), created_at: AT };
            assert_eq!(fixture.get(&key).await, Some(created));
        }
    }
}

pub(super) async fn distinguishes_similar_ids(fixture: Fixture<'_, impl Harness>) {
    assert_distinguishes(&fixture, ALIKE).await;
    // IDs of the maximum length that differ in their last byte.
    let owner = |last: char| UserId::new(format!("{}{last}", "x".repeat(UserId::MAX_BYTES - 1))).expect("is an ID");
    let id = |last: char| {
        let id = format!("{}{last}", "x".repeat(ConversationId::MAX_BYTES - 1));
        ConversationId::new(id).expect("is an ID")
    };
    let keys = ['a', 'b'].map(|of_owner| ['a', 'b'].map(|of_id| Key::new(owner(of_owner), id(of_id)))).concat();
    let writes = keys.iter().enumerate().map(|(n, key)| set(key.clone(), Patch::KEEP.ex(format!("the {n}th"))));
    let applied = fixture.store().apply(&batch(writes), AT).await.expect("can be applied");
    assert!(applied.effects.iter().all(|effect| effect.outcome.is_change()));
    for (n, found) in fixture.store().get(&keys).await.expect("can be read").iter().enumerate() {
        assert_eq!(&*found.as_ref().expect("is there").settings.ex, format!("the {n}th"));
    }
}

pub(super) async fn keeps_extreme_numbers(fixture: Fixture<'_, impl Harness>) {
    let most = Field::ALL.iter().map(|field| values_of(*field).len()).max().unwrap_or_default();
    let key = key("a", "si_a_peer");
    fixture.apply([set_single(key.clone(), Patch::KEEP)]).await;
    let mut expected = Settings::default();
    for n in (0..most).chain((0..most).rev()) {
        let value = |field| values_of(field).get(n).cloned();
        let of_fields = Field::ALL.iter().filter_map(|field| Some((*field, value(*field)?)));
        let patch = of_fields.fold(Patch::KEEP, |patch, (field, value)| with(patch, field, value));
        patch.apply(&mut expected);
        fixture.apply([set_single(key.clone(), patch.clone())]).await;
        assert_eq!(fixture.get(&key).await.expect("is there").settings, expected);
        let found = fixture.store().list_all(&key.owner, &Filter::is(patch)).await.expect("can be read");
        assert_eq!(found.len(), 1, "found by its values: {expected:?}");
    }
}

pub(super) async fn keeps_times_before_1970_and_extreme_times(fixture: Fixture<'_, impl Harness>) {
    let times = [i64::MIN, i64::MIN + 1, -62_135_596_800_001, -1_001, -1, 0, 1, 253_402_300_800_000, i64::MAX];
    let is_moment = |field: &&Field| field.kind() == Kind::Timestamp;
    for (n, time) in times.into_iter().enumerate() {
        let key = key("a", format!("sg_{n}"));
        let fields = Field::ALL.iter().filter(is_moment);
        let patch = fields.fold(Patch::KEEP.ex("x"), |patch, field| with(patch, *field, Value::Timestamp(time)));
        fixture.apply_at([set(key.clone(), patch.clone())], Timestamp(time)).await;
        let mut expected = Settings::default();
        patch.apply(&mut expected);
        let stored = fixture.get(&key).await.expect("is there");
        assert_eq!((stored.settings, stored.created_at), (expected, Timestamp(time)));
    }
}
