//! The step between load and store, by named cases.

use conversation_settings_core::{
    Change, ConversationId, Effect, GroupId, Key, Missing, Outcome, Patch, Rejected, Target, Timestamp, UserId,
    Version, Write, WriteBatch,
};
use conversation_settings_store::{Applied, Loaded, Resolved, decide_batch, resolve};

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

fn versions(effects: &[Effect]) -> Vec<Option<u64>> {
    effects.iter().map(|effect| effect.version.map(|version| version.0)).collect()
}

/// What an empty store loads of `batch` once it has stored `resolved`, which changes every owner.
fn loaded_after(batch: &WriteBatch, resolved: Resolved) -> Loaded {
    let mut loaded = Loaded::empty(batch);
    for write in resolved.records {
        loaded.records[write.position] = Some(write.record);
    }
    loaded.versions = resolved.owners.into_iter().map(|owner| owner.version).collect();
    loaded
}

fn created(batch: &WriteBatch) -> Loaded {
    loaded_after(batch, resolve(batch, &Loaded::empty(batch), Timestamp(0)).unwrap())
}

#[test]
fn raises_the_version_of_each_changed_owner_once() {
    let batch = batch([create("a", "1"), create("a", "2"), create("b", "1"), create("c", "1"), create("c", "2")]);
    let mut loaded = created(&batch);
    // The last record never existed: a and b have nothing to change.
    let forgotten = loaded.records[4].take().unwrap();

    let resolved = resolve(&batch, &loaded, Timestamp(0)).unwrap();
    assert_eq!(versions(&resolved.applied.effects), [None, None, None, Some(2), Some(2)]);
    let owners: Vec<_> =
        resolved.owners.iter().map(|owner| (owner.owner.as_str(), owner.version, owner.added)).collect();
    assert_eq!(owners, [("c", Version(2), 1)]);
    let [write] = &resolved.records[..] else { panic!("{:?}", resolved.records) };
    assert_eq!((write.position, write.outcome), (4, Outcome::Created));
    assert_eq!((write.record.key(), write.record.last_changed), (forgotten.key(), Version(2)));
    assert!(!resolved.is_noop());
}

#[test]
fn counts_created_and_removed_conversations_of_each_owner() {
    let before = batch([create("a", "1"), create("a", "2"), create("b", "1"), create("c", "1"), create("d", "1")]);
    let loaded = created(&before);
    let added = |resolved: Resolved| -> Vec<_> {
        resolved.owners.into_iter().map(|owner| (owner.owner.to_string(), owner.added)).collect()
    };
    let first = resolve(&before, &Loaded::empty(&before), Timestamp(0)).unwrap();
    assert_eq!(added(first), [("a".into(), 2), ("b".into(), 1), ("c".into(), 1), ("d".into(), 1)]);

    let remove = |owner: &str, id: &str| Write { key: key(owner, id), change: Change::Remove.into() };
    let unpin = Change::Set { patch: Patch::KEEP.is_pinned(false), missing: Missing::Skip };
    let unpin = Write { key: key("c", "1"), change: unpin.into() };
    let after = batch([remove("a", "1"), remove("a", "2"), remove("b", "1"), unpin, create("d", "1")]);
    let removed = resolve(&after, &loaded, Timestamp(0)).unwrap();
    assert_eq!(added(removed), [("a".into(), -2), ("b".into(), -1), ("c".into(), 0)], "d is unchanged");
}

#[test]
fn stores_nothing_for_a_noop() {
    let batch = batch([create("a", "1"), create("b", "1")]);
    let again = resolve(&batch, &created(&batch), Timestamp(9)).unwrap();
    assert!(again.is_noop() && again.owners.is_empty());
    assert_eq!(versions(&again.applied.effects), [None, None]);
}

#[test]
fn rejects_the_batch_with_one_of_its_writes() {
    let reject = set(key("b", "1"), Missing::Reject);
    let batch = batch([create("a", "1"), reject, create("c", "1")]);
    let resolved = resolve(&batch, &Loaded::empty(&batch), Timestamp(0));
    assert_eq!(resolved, Err(Rejected::Missing(key("b", "1"))));
}

#[test]
fn decides_from_conversations_alone_what_stamping_then_answers() {
    let batch = batch([create("a", "1"), create("a", "2"), create("b", "1")]);
    let mut loaded = created(&batch);
    loaded.records[1] = None;
    let conversations: Vec<_> =
        loaded.records.iter().map(|record| record.as_ref().and_then(|record| record.live())).collect();
    let decided = decide_batch(&batch, conversations, Timestamp(3)).unwrap();
    assert_eq!(decided.outcomes(), [Outcome::Unchanged, Outcome::Created, Outcome::Unchanged]);
    assert_eq!((decided.is_noop(), decided.noop()), (false, None));
    let foreseen = decided.effects(&loaded.versions);
    assert_eq!(versions(&foreseen), [Some(2), Some(2), None]);

    let resolved = decided.stamp(&loaded);
    assert_eq!(resolved.applied, Applied { effects: foreseen });
    assert_eq!(resolved, resolve(&batch, &loaded, Timestamp(3)).unwrap());
}

#[test]
fn answers_a_noop_without_versions() {
    let batch = batch([create("a", "1"), set(key("b", "1"), Missing::Skip)]);
    let mut loaded = Loaded::empty(&batch);
    loaded.records[0] = created(&batch_of(create("a", "1"))).records.remove(0);
    let conversations = loaded.records.iter().map(|record| record.as_ref().and_then(|record| record.live()));
    let decided = decide_batch(&batch, conversations, Timestamp(3)).unwrap();
    let noop = decided.noop().unwrap();
    assert!(decided.is_noop());
    assert_eq!(noop, resolve(&batch, &loaded, Timestamp(3)).unwrap().applied);
    assert_eq!(noop.effects.iter().map(|effect| effect.outcome).collect::<Vec<_>>(), decided.outcomes());
}

fn batch_of(write: Write) -> WriteBatch {
    batch([write])
}

#[test]
#[should_panic(expected = "a version for each owner")]
fn refuses_to_resolve_with_a_version_missing() {
    let batch = batch([create("a", "1"), create("b", "1")]);
    let _resolved = resolve(&batch, &Loaded { records: vec![None, None], versions: vec![Version(0)] }, Timestamp(0));
}

#[test]
#[should_panic(expected = "a conversation or none for each write")]
fn refuses_to_decide_with_a_conversation_missing() {
    let _decided = decide_batch(&batch([create("a", "1"), create("b", "1")]), [None], Timestamp(0));
}

#[test]
#[should_panic(expected = "the record of each conversation that was decided on")]
fn refuses_to_stamp_a_removal_without_its_record() {
    let created_batch = batch_of(create("a", "1"));
    let loaded = created(&created_batch);
    let removal = batch_of(Write { key: key("a", "1"), change: Change::Remove.into() });
    let conversation = loaded.records[0].as_ref().unwrap().live();
    let _resolved = decide_batch(&removal, [conversation], Timestamp(0)).unwrap().stamp(&Loaded::empty(&removal));
}

#[test]
fn a_live_record_has_its_conversation_and_a_tombstone_none() {
    let create = batch_of(create("a", "1"));
    let record = resolve(&create, &Loaded::empty(&create), Timestamp(7)).unwrap().records.remove(0).record;
    assert_eq!(record.live().map(|live| live.created_at), Some(Timestamp(7)));
    assert_eq!(record.clone().into_live().as_ref(), record.live());

    let removal = batch_of(Write { key: key("a", "1"), change: Change::Remove.into() });
    let loaded = Loaded { records: vec![Some(record)], versions: vec![Version(1)] };
    let removed = resolve(&removal, &loaded, Timestamp(8)).unwrap();
    let record = &removed.records[0].record;
    assert_eq!((record.live(), record.clone().into_live(), record.key()), (None, None, &key("a", "1")));
}
