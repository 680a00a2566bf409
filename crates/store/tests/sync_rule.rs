//! The sync rule by named cases.

use conversation_settings_core::{
    Change, Conversation, ConversationId, Key, Missing, Patch, Settings, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{Changes, Loaded, LogId, OwnerVersion, Record, SyncPlan, resolve};

const LOG: LogId = LogId([7; 12]);

fn key() -> Key {
    Key::new(UserId::new("a").unwrap(), ConversationId::new("sg_g").unwrap())
}

fn at(version: u64) -> OwnerVersion {
    OwnerVersion { log: LOG, version: Version(version) }
}

/// How a record looks to a client.
#[derive(Debug, PartialEq)]
enum Seen {
    Inserted,
    Updated,
    Removed,
}

/// One record's life under single changes.
#[derive(Default)]
struct Life {
    record: Option<Record>,
    version: Version,
}

impl Life {
    fn write(mut self, change: Change) -> Self {
        let batch = WriteBatch::new(vec![Write { key: key(), change: change.into() }]).unwrap();
        let loaded = Loaded { records: vec![self.record.take()], versions: vec![self.version] };
        let resolved = resolve(&batch, &loaded, Timestamp(1)).unwrap();
        self.version = resolved.owners.first().map_or(self.version, |owner| owner.version);
        self.record = resolved.records.into_iter().next().map(|write| write.record).or(loaded.records[0].clone());
        self
    }

    fn set(self, ex: &str) -> Self {
        let target = Target::Group(conversation_settings_core::GroupId::new("g").unwrap());
        self.write(Change::Set { patch: Patch::KEEP.ex(ex), missing: Missing::Create(target) })
    }

    fn remove(self) -> Self {
        self.write(Change::Remove)
    }

    fn seen_since(&self, version: u64) -> Option<Seen> {
        let record = self.record.clone().unwrap();
        match Changes::from_records(Version(version), at(self.version.0), 1, vec![record]) {
            Changes::Full(version) => panic!("{version:?}: one record is within the limit"),
            Changes::Increment { inserted, updated, removed, .. } => {
                match (inserted.len(), updated.len(), removed.len()) {
                    (0, 0, 0) => None,
                    (1, 0, 0) => Some(Seen::Inserted),
                    (0, 1, 0) => Some(Seen::Updated),
                    (0, 0, 1) => Some(Seen::Removed),
                    more => panic!("one record is seen once, not {more:?}"),
                }
            }
        }
    }

    fn changes(&self, since: OwnerVersion, pruned: u64, limit: usize) -> Changes {
        let current = at(self.version.0);
        match Changes::plan(&since, current, Version(pruned)) {
            SyncPlan::Settled(changes) => changes,
            SyncPlan::ReadAfter(after) => {
                let records = self.record.iter().filter(|record| record.last_changed > after).cloned().collect();
                Changes::from_records(after, current, limit, records)
            }
        }
    }
}

#[test]
fn reports_an_insert_to_a_client_that_has_not_seen_the_creation() {
    let life = Life::default().set("x").set("y");
    assert_eq!(life.seen_since(0), Some(Seen::Inserted));
    assert_eq!(life.seen_since(1), Some(Seen::Updated));
    assert_eq!(life.seen_since(2), None);
}

#[test]
fn omits_what_was_created_and_removed_in_between() {
    let life = Life::default().set("x").remove();
    assert_eq!(life.seen_since(0), None);
    assert_eq!(life.seen_since(1), Some(Seen::Removed));
    assert_eq!(life.seen_since(2), None);
}

#[test]
fn reports_a_recreation_by_what_the_client_has() {
    let life = Life::default().set("x").remove().set("y");
    assert_eq!(life.seen_since(0), Some(Seen::Inserted));
    assert_eq!(life.seen_since(1), Some(Seen::Updated), "the client has the first one");
    assert_eq!(life.seen_since(2), Some(Seen::Inserted), "the client has dropped the first one");
    let gone = life.remove();
    assert_eq!(gone.seen_since(0), None);
    assert_eq!(gone.seen_since(1), Some(Seen::Removed), "the client still has the first one");
    assert_eq!(gone.seen_since(2), None, "the client has dropped the first one and never had the second");
    assert_eq!(gone.seen_since(3), Some(Seen::Removed));
}

#[test]
fn raises_no_version_for_a_noop() {
    let life = Life::default().remove().set("").set("");
    assert_eq!(life.version, Version(1), "removing a missing conversation and setting an equal value are no-ops");
}

#[test]
fn reports_nothing_to_a_current_client() {
    let life = Life::default().set("x");
    let nothing = Changes::Increment { version: at(1), inserted: Vec::new(), updated: Vec::new(), removed: Vec::new() };
    assert_eq!(life.changes(at(1), 0, 10), nothing);
}

#[test]
fn requires_a_full_sync_if_the_changes_are_unknown() {
    let life = Life::default().set("x").set("y").set("z");
    let full = Changes::Full(at(3));
    let stranger = OwnerVersion { log: LogId([8; 12]), version: Version(2) };
    assert_eq!(life.changes(stranger, 0, 10), full, "of another log");
    assert_eq!(life.changes(OwnerVersion { log: LogId::NONE, version: Version(2) }, 0, 10), full, "of no log");
    assert_eq!(life.changes(at(4), 0, 10), full, "from the future");
    assert_eq!(life.changes(at(u64::MAX), 0, 10), full, "from the far future");
    assert_eq!(life.changes(at(1), 2, 10), full, "older than the pruning");
    assert_eq!(life.changes(at(2), 0, 0), full, "more than the limit");
    assert!(matches!(life.changes(at(2), 2, 1), Changes::Increment { .. }), "as old as the pruning");
}

#[test]
fn always_has_an_increment_for_a_new_client() {
    let life = Life::default().set("x").set("y");
    for log in [LOG, LogId::NONE, LogId([8; 12])] {
        let since = OwnerVersion { log, version: Version::ZERO };
        let Changes::Increment { inserted, updated, removed, version } = life.changes(since, 2, 10) else {
            panic!("an increment from nothing is all there is")
        };
        assert_eq!((inserted.len(), updated.len(), removed.len(), version), (1, 0, 0, at(2)));
    }
}

#[test]
fn separates_inserted_updated_and_removed() {
    let parts = |life: &Life, since| match life.changes(at(since), 0, 10) {
        Changes::Increment { inserted, updated, removed, .. } => [inserted.len(), updated.len(), removed.len()],
        Changes::Full(_) => panic!("the changes are known"),
    };
    let life = Life::default().set("x").set("y");
    assert_eq!((parts(&life, 0), parts(&life, 1)), ([1, 0, 0], [0, 1, 0]));
    let gone = life.remove();
    assert_eq!((parts(&gone, 0), parts(&gone, 1)), ([0, 0, 0], [0, 0, 1]));
}

#[test]
fn reports_nothing_for_an_owner_without_a_log() {
    let current = OwnerVersion { log: LogId::NONE, version: Version::ZERO };
    let settled = |since| match Changes::plan(&since, current, Version::ZERO) {
        SyncPlan::Settled(changes) => changes,
        SyncPlan::ReadAfter(_) => panic!("there is nothing to read"),
    };
    let nothing = settled(current);
    assert_eq!(nothing.version(), current);
    assert!(matches!(nothing, Changes::Increment { .. }));
    assert_eq!(settled(at(1)), Changes::Full(current));
}

#[test]
fn recreates_a_conversation_from_the_defaults() {
    let life = Life::default().set("x").remove().set("y");
    let conversation: &Conversation = life.record.as_ref().unwrap().live().unwrap();
    let mut expected = Settings::default();
    expected.ex = "y".into();
    assert_eq!(conversation.settings, expected, "no value of the removed one comes back");
}
