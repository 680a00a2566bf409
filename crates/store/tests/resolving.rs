//! The step between what is held and what to store, by named cases.

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Outcome, Patch, Rejected, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{Applied, Loaded, Record, Resolved, resolve};

fn key(owner: &str, id: &str) -> Key {
    Key::new(UserId::new(owner).unwrap(), ConversationId::new(id).unwrap())
}

fn set(key: Key, missing: Missing) -> Write {
    Write { key, change: Change::Set { patch: Patch::KEEP.is_pinned(true), missing }.into() }
}

fn create(owner: &str, id: &str) -> Write {
    set(key(owner, id), Missing::Create(Target::Group(GroupId::new("team").unwrap())))
}

fn batch(writes: impl IntoIterator<Item = Write>) -> WriteBatch {
    WriteBatch::new(writes.into_iter().collect()).unwrap()
}

fn versions(applied: &Applied) -> Vec<Option<u64>> {
    applied.effects.iter().map(|effect| effect.version.map(|version| version.0)).collect()
}

/// What a store holds that held nothing and has stored this.
fn stored(resolved: Resolved) -> (Vec<Record>, Vec<(UserId, Version)>) {
    (resolved.records.into_iter().map(|changed| changed.record).collect(), resolved.versions)
}

#[test]
fn each_owner_whose_records_change_gets_one_version_more_and_all_its_effects_say_so() {
    let batch = batch([create("a", "1"), create("a", "2"), create("b", "1"), create("c", "1"), create("c", "2")]);
    let (mut records, versions_held) = stored(resolve(&batch, &Loaded::align(&batch, [], []), Timestamp(0)).unwrap());
    // One of c's is forgotten, as if it had never been: a and b have nothing to change.
    let forgotten = records.pop().unwrap();
    let held = Loaded::align(&batch, records, versions_held);
    assert_eq!(held.records.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, true, true, false]);

    let resolved = resolve(&batch, &held, Timestamp(0)).unwrap();
    assert_eq!(versions(&resolved.applied), [None, None, None, Some(2), Some(2)]);
    assert_eq!(resolved.versions, [(UserId::new("c").unwrap(), Version(2))]);
    let [changed] = &resolved.records[..] else { panic!("{:?}", resolved.records) };
    assert_eq!((changed.position, changed.outcome), (4, Outcome::Created));
    assert_eq!((changed.record.key(), changed.record.last_changed), (forgotten.key(), Version(2)));
    assert!(!resolved.is_noop());
}

#[test]
fn what_changes_nothing_is_silent() {
    let batch = batch([create("a", "1"), create("b", "1")]);
    let (records, versions_held) = stored(resolve(&batch, &Loaded::align(&batch, [], []), Timestamp(0)).unwrap());
    let again = resolve(&batch, &Loaded::align(&batch, records, versions_held), Timestamp(9)).unwrap();
    assert!(again.is_noop() && again.versions.is_empty());
    assert_eq!(versions(&again.applied), [None, None]);
}

#[test]
fn one_write_that_is_rejected_rejects_its_batch() {
    let reject = set(key("b", "1"), Missing::Reject);
    let batch = batch([create("a", "1"), reject, create("c", "1")]);
    let resolved = resolve(&batch, &Loaded::align(&batch, [], []), Timestamp(0));
    assert_eq!(resolved, Err(Rejected::Missing(key("b", "1"))));
}

#[test]
fn what_is_held_is_aligned_by_its_key_whatever_its_order() {
    let batch = batch([create("a", "1"), create("b", "1")]);
    let (mut records, mut versions_held) =
        stored(resolve(&batch, &Loaded::align(&batch, [], []), Timestamp(0)).unwrap());
    let in_order = Loaded::align(&batch, records.clone(), versions_held.clone());
    records.reverse();
    versions_held.reverse();
    versions_held.push((UserId::new("stranger").unwrap(), Version(7)));
    assert_eq!(Loaded::align(&batch, records, versions_held), in_order);
}

#[test]
#[should_panic(expected = "a version for each owner")]
fn what_is_not_aligned_is_not_resolved() {
    let batch = batch([create("a", "1"), create("b", "1")]);
    let _resolved = resolve(&batch, &Loaded { records: vec![None, None], versions: vec![Version(0)] }, Timestamp(0));
}

#[test]
fn a_live_record_is_its_conversation_and_a_tombstone_is_none() {
    let batch_of = |change: Change| batch([Write { key: key("a", "1"), change: change.into() }]);
    let created = batch([create("a", "1")]);
    let (records, versions_held) = stored(resolve(&created, &Loaded::align(&created, [], []), Timestamp(7)).unwrap());
    assert_eq!(records[0].live().map(|live| live.created_at), Some(Timestamp(7)));
    assert_eq!(records[0].clone().into_live().as_ref(), records[0].live());

    let removing = batch_of(Change::Remove);
    let removed = resolve(&removing, &Loaded::align(&removing, records, versions_held), Timestamp(8)).unwrap();
    let record = &removed.records[0].record;
    assert_eq!((record.live(), record.clone().into_live(), record.key()), (None, None, &key("a", "1")));
}
