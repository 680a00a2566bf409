//! What becomes of version logs: one statement for all owners whose logs change alike.

use std::collections::{BTreeMap, HashMap};

use conversation_settings_core::{ConversationId, Outcome, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{Lifespan, RecordWrite, Resolved};
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::{
    keys::texts,
    load::Logs,
    log::{self, Entry, Head},
    writes::MOST_OWNERS,
};

/// How a log that is there changes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Edit<'a> {
    /// By how much the version rises. What rises alike is one statement, whatever the versions are.
    raised: u64,
    /// The version up to which entries go.
    cut: Option<Version>,
    entries: Vec<EntryEdit<'a>>,
}

/// How a conversation's entry changes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct EntryEdit<'a> {
    id: &'a ConversationId,
    state: i32,
    is_there: bool,
    lifespan: LivesEdit,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum LivesEdit {
    /// Born with this entry, which is what an entry without the field means.
    Born,
    /// As in the entry that is there.
    Same,
    /// As printed.
    To(String),
}

/// The logs to insert, and the statements that update those that are there, such that each has at most `most` entries
/// when it is written the next time.
pub(crate) fn of(
    batch: &WriteBatch,
    logs: &Logs,
    resolved: &Resolved,
    at: Timestamp,
    most: usize,
) -> (Vec<Document>, Vec<Document>) {
    let heads: HashMap<&UserId, &Head> =
        batch.owners().zip(&logs.heads).filter_map(|(owner, head)| Some((owner, head.as_ref()?))).collect();
    let mut inserts = Vec::new();
    let mut edits: BTreeMap<Edit<'_>, Vec<&UserId>> = BTreeMap::new();
    let of_owners = resolved.records.chunk_by(|a, b| a.record.key().owner == b.record.key().owner);
    for (changed, (owner, version)) in of_owners.zip(&resolved.versions) {
        let Some(head) = heads.get(owner) else {
            inserts.push(new_log(owner, *version, changed, at));
            continue;
        };
        let entries = changed.iter().map(|changed| EntryEdit::of(changed, logs)).collect();
        let edit = Edit { raised: version.0 - head.version.0, cut: head.cut(most / 2), entries };
        edits.entry(edit).or_default().push(owner);
    }
    let mut updates = Vec::new();
    for (edit, owners) in edits {
        let pipeline = edit.pipeline(at);
        for some in owners.chunks(MOST_OWNERS) {
            let of_owners = doc! { log::OWNER: { "$in": texts(some.iter().map(|owner| owner.as_str())) } };
            updates.push(doc! { "q": of_owners, "u": [pipeline.clone()], "multi": true });
        }
    }
    (inserts, updates)
}

fn new_log(owner: &UserId, version: Version, changed: &[RecordWrite], at: Timestamp) -> Document {
    let entry = |changed: &RecordWrite| {
        let mut entry = doc! {
            log::ENTRY_ID: changed.record.key().conversation_id.as_str(),
            log::STATE: state(changed.outcome),
            log::VERSION: int64(version.0),
            log::UPDATED: DateTime::from_millis(at.0),
        };
        if changed.record.lifespan != Lifespan::created_at(version) {
            entry.insert(log::LIVES, changed.record.lifespan.to_string());
        }
        Bson::from(entry)
    };
    doc! {
        log::OWNER: owner.as_str(),
        log::LOGS: changed.iter().map(entry).collect::<Vec<_>>(),
        log::VERSION: int64(version.0),
        log::DELETED: 0_i64,
        log::UPDATED: DateTime::from_millis(at.0),
    }
}

/// What OpenIM calls what happened.
const fn state(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Created => log::INSERTED,
        Outcome::Removed => log::REMOVED,
        Outcome::Updated(_) | Outcome::Unchanged | Outcome::Absent => log::CHANGED,
    }
}

/// A number as MongoDB counts: it has no unsigned ones, and no owner ever comes to 2⁶³ changes.
pub(crate) fn int64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<'a> EntryEdit<'a> {
    fn of(changed: &'a RecordWrite, logs: &Logs) -> Self {
        let record = &changed.record;
        let there = logs.entries[changed.position].as_ref();
        let lifespan = match there {
            Some(Entry { lifespan, .. }) if *lifespan == record.lifespan => LivesEdit::Same,
            None if record.lifespan == Lifespan::created_at(record.last_changed) => LivesEdit::Born,
            _ => LivesEdit::To(record.lifespan.to_string()),
        };
        let id = &record.key().conversation_id;
        Self { id, state: state(changed.outcome), is_there: there.is_some(), lifespan }
    }

    /// The entry as it is to be, where `$$this` is the one that is there.
    fn entry(&self, version: &Bson, at: Timestamp) -> Document {
        // An ID may begin with a dollar, so it is said to be none of the server's names.
        let mut entry = doc! {
            log::ENTRY_ID: { "$literal": self.id.as_str() },
            log::STATE: { "$literal": self.state },
            log::VERSION: version,
            log::UPDATED: DateTime::from_millis(at.0),
        };
        match &self.lifespan {
            LivesEdit::Born => {}
            LivesEdit::Same => {
                // Without the field it was born at its version, which is about to change.
                entry.insert(log::LIVES, doc! { "$ifNull": ["$$this.lives", { "$toString": "$$this.version" }] });
            }
            LivesEdit::To(lifespan) => {
                entry.insert(log::LIVES, doc! { "$literal": lifespan });
            }
        }
        entry
    }

    fn is_of_this(&self) -> Document {
        doc! { "$eq": ["$$this.e_id", { "$literal": self.id.as_str() }] }
    }
}

impl Edit<'_> {
    /// The edit as a stage of an update. Entries stay where they are, which makes the change small: what is written and
    /// replicated is the difference.
    fn pipeline(&self, at: Timestamp) -> Document {
        let version = Bson::from(doc! { "$add": ["$version", { "$literal": int64(self.raised) }] });
        let mut logs = Bson::from(doc! { "$ifNull": ["$logs", []] });
        let mut set = doc! { log::VERSION: version.clone(), log::UPDATED: DateTime::from_millis(at.0) };
        if let Some(cut) = self.cut {
            let newer = doc! { "$gt": ["$$this.version", { "$literal": int64(cut.0) }] };
            let changes = self.entries.iter().filter(|edit| edit.is_there).map(EntryEdit::is_of_this);
            let stays: Vec<_> = std::iter::once(newer).chain(changes).collect();
            logs = doc! { "$filter": { "input": logs, "cond": { "$or": stays } } }.into();
            set.insert(log::DELETED, doc! { "$max": ["$deleted", { "$literal": int64(cut.0) }] });
        }
        let branches: Vec<_> = self
            .entries
            .iter()
            .filter(|edit| edit.is_there)
            .map(|edit| {
                doc! { "case": edit.is_of_this(), "then": { "$mergeObjects": ["$$this", edit.entry(&version, at)] } }
            })
            .collect();
        if !branches.is_empty() {
            let changed = doc! { "$switch": { "branches": branches, "default": "$$this" } };
            logs = doc! { "$map": { "input": logs, "in": changed } }.into();
        }
        let added: Vec<_> =
            self.entries.iter().filter(|edit| !edit.is_there).map(|edit| edit.entry(&version, at)).collect();
        if !added.is_empty() {
            logs = doc! { "$concatArrays": [logs, added] }.into();
        }
        set.insert(log::LOGS, logs);
        doc! { "$set": set }
    }
}
