//! The host's own settings: what an update reports, and how many names there may be.

use std::{collections::BTreeSet, sync::Arc};

use conversation_settings_core::{
    Change, Changed, Conversation, ConversationId, Custom, CustomPatch, Decision, Effect, Field, GroupId, Key, Missing,
    Outcome, Patch, Rejected, Report, Role, Settings, Target, Timestamp, UserId, Version, Write, WriteBatch, decide,
};
use conversation_settings_testkit::strategies::{patch, settings};
use proptest::prelude::*;

const AT: Timestamp = Timestamp(0);

fn write(patch: Patch) -> Write {
    let key = Key::new(UserId::new("a").unwrap(), ConversationId::new("sg_g").unwrap());
    let missing = Missing::CreateEvenIfEmpty(Target::Group(GroupId::new("g").unwrap()));
    Write { key, change: Arc::new(Change::Set { patch, missing }) }
}

fn conversation(settings: Settings) -> Conversation {
    let key = write(Patch::KEEP).key;
    Conversation { key, target: Target::Group(GroupId::new("g").unwrap()), settings, created_at: AT }
}

fn report(write: &Write, outcome: Outcome) -> Report {
    let batch = WriteBatch::new(vec![write.clone()]).unwrap();
    Report::of_batch(&batch, &[Effect { outcome, version: Some(Version(1)) }], Role::User)
}

/// A change that gives `numbers` as names their number.
fn numbered(numbers: impl IntoIterator<Item = usize>) -> CustomPatch {
    let name = |n: usize| (format!("n{n}").as_str().try_into().unwrap(), Some(i64::try_from(n).unwrap().into()));
    numbers.into_iter().map(name).collect()
}

proptest! {
    #[test]
    fn reports_exactly_the_names_that_differ(s in settings(), p in patch()) {
        let mut p = p;
        p.is_private_chat = None;
        let (stored, write) = (conversation(s), write(p.clone()));
        let decision = decide(Some(&stored), &write, AT).unwrap();
        let Decision::Put(next, outcome) = &decision else { return Ok(()) };
        let before = |name: &str| stored.settings.custom.get(name);
        let names = p.custom.iter().flat_map(CustomPatch::iter).map(|(name, _)| name);
        let differ: BTreeSet<_> = names.filter(|name| before(name) != next.settings.custom.get(name)).collect();

        let report = report(&write, *outcome);
        let entry = &report.entries[0];
        prop_assert_eq!(entry.custom.iter().collect::<BTreeSet<_>>(), differ);
        prop_assert_eq!(entry.custom.is_empty(), !outcome.updated().contains(Field::Custom));
        let listed: BTreeSet<_> = entry.names().collect();
        let part: BTreeSet<_> = outcome.part_of(&p).names().collect();
        prop_assert_eq!(listed, part, "an event lists the same");

        let mut by_part = stored.settings;
        outcome.part_of(&p).apply(&mut by_part);
        prop_assert_eq!(&by_part, &next.settings, "what had an effect is all that had");
    }
}

#[test]
fn lists_names_as_clients_see_them() {
    let patch = Patch::KEEP.is_pinned(true).custom(numbered([1, 2]).remove("gone").unwrap());
    let changed = write(patch.clone());
    let mut before = Settings::default();
    Patch::KEEP.custom(numbered([2]).set("gone", "x").unwrap()).apply(&mut before);
    let outcome = decide(Some(&conversation(before)), &changed, AT).unwrap().outcome();
    let names: Vec<_> = report(&changed, outcome).entries[0].names().collect();
    assert_eq!(names, ["isPinned", "custom.gone", "custom.n1"]);
    let created = decide(None, &changed, AT).unwrap().outcome();
    let report = report(&changed, created);
    assert_eq!(report.entries[0].custom, ["n1", "n2"].map(|name| name.try_into().unwrap()));
    assert_eq!(report.entries[0].names().collect::<Vec<_>>(), ["isPinned", "custom.n1", "custom.n2"]);
    assert_eq!(created.part_of(&patch).names().collect::<Vec<_>>(), ["isPinned", "custom.n1", "custom.n2"]);
    assert_eq!(Changed::from(Field::Custom).part_of(&patch).names().count(), 3);
}

#[test]
fn rejects_more_names_than_fit() {
    let full = conversation(Settings::default());
    let put = |stored: &Conversation, patch| match decide(Some(stored), &write(Patch::KEEP.custom(patch)), AT) {
        Ok(Decision::Put(next, _)) => Ok(next),
        Ok(other) => panic!("{other:?}"),
        Err(Rejected::TooManyNames { got, .. }) => Err(got),
        Err(other) => panic!("{other:?}"),
    };
    let full = put(&full, numbered(0..Custom::MAX_NAMES)).unwrap();
    assert_eq!(put(&full, numbered([64])).unwrap_err(), 65);
    assert_eq!(put(&full, numbered([64]).remove("n0").unwrap()).unwrap().settings.custom.len(), 64, "one for another");
    assert_eq!(put(&full, CustomPatch::KEEP.set("n0", "x").unwrap()).unwrap().settings.custom.len(), 64);
    assert_eq!(put(&full, numbered(0..65)).unwrap_err(), 65);
    let created = decide(None, &write(Patch::KEEP.custom(numbered(0..65))), AT).unwrap_err();
    assert_eq!(created.to_string(), "conversation sg_g of a would have 65 names in custom; at most 64 are allowed");
    // A composed patch may mention more names than one write may.
    let removals = (0..64).fold(numbered(64..128), |patch, n| patch.remove(format!("n{n}").as_str()).unwrap());
    assert_eq!(put(&full, removals).unwrap_err(), 128);
    // Another program may have stored more.
    let mut over = full.settings.clone();
    Patch::KEEP.custom(numbered(64..70)).apply(&mut over);
    let over = conversation(over);
    assert_eq!(put(&over, CustomPatch::KEEP.set("n0", "x").unwrap()).unwrap().settings.custom.len(), 70);
    assert_eq!(put(&over, CustomPatch::KEEP.remove("n0").unwrap()).unwrap().settings.custom.len(), 69);
    assert_eq!(put(&over, numbered([70])).unwrap_err(), 71);
}

#[test]
fn stays_small() {
    assert!(size_of::<Option<CustomPatch>>() <= 16 && size_of::<Custom>() <= 8);
    assert!(size_of::<Outcome>() <= 24);
}
