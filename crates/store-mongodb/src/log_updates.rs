//! The statements that write version logs: one for all owners whose logs change alike.

use std::collections::{BTreeMap, HashMap};

use conversation_settings_core::{ConversationId, Outcome, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{Lifespan, OwnerWrite, RecordWrite, Resolved};
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::{
    fields::int64,
    keys::{MAX_OWNERS, texts},
    load::Logs,
    log::{self, Entry, LogHeader},
};

/// The change of an existing log.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LogUpdate<'a> {
    /// How much the version rises. The versions themselves may differ between the logs of one statement.
    raise: u64,
    /// The version up to which entries are cut.
    cut_through: Option<Version>,
    entries: Vec<EntryUpdate<'a>>,
}

/// The change of a conversation's entry.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct EntryUpdate<'a> {
    id: &'a ConversationId,
    state: i32,
    exists: bool,
    lifespan: LifespanUpdate,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum LifespanUpdate {
    /// Created at the entry's version: the field stays absent.
    Created,
    /// As in the stored entry.
    Keep,
    /// As printed.
    Set(String),
}

/// The logs to insert, and the statements that update existing logs. A log that has more than `max` entries is cut to half
/// as many before the new ones are added.
pub(crate) fn log_updates(
    batch: &WriteBatch,
    logs: &Logs,
    resolved: &Resolved,
    at: Timestamp,
    max: usize,
) -> (Vec<Document>, Vec<Document>) {
    let headers: HashMap<&UserId, &LogHeader> =
        batch.owners().zip(&logs.headers).filter_map(|(owner, header)| Some((owner, header.as_ref()?))).collect();
    let mut inserts = Vec::new();
    let mut alike: BTreeMap<LogUpdate<'_>, Vec<&UserId>> = BTreeMap::new();
    let by_owner = resolved.records.chunk_by(|a, b| a.record.key().owner == b.record.key().owner);
    for (changed, OwnerWrite { owner, version, .. }) in by_owner.zip(&resolved.owners) {
        let Some(header) = headers.get(owner) else {
            inserts.push(new_log(owner, *version, changed, at));
            continue;
        };
        let entries = changed.iter().map(|changed| EntryUpdate::of(changed, logs)).collect();
        let raise = version.0 - header.version.0;
        let update = LogUpdate { raise, cut_through: header.cut_through(max / 2), entries };
        alike.entry(update).or_default().push(owner);
    }
    let mut updates = Vec::new();
    for (update, owners) in alike {
        let stage = update.stage(at);
        for owners in owners.chunks(MAX_OWNERS) {
            let condition = doc! { log::OWNER: { "$in": texts(owners.iter().map(|owner| owner.as_str())) } };
            updates.push(doc! { "q": condition, "u": [stage.clone()], "multi": true });
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

/// OpenIM's number for an outcome.
const fn state(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Created => log::INSERTED,
        Outcome::Removed => log::REMOVED,
        Outcome::Updated(_) | Outcome::Unchanged | Outcome::Absent => log::UPDATED_STATE,
    }
}

impl<'a> EntryUpdate<'a> {
    fn of(changed: &'a RecordWrite, logs: &Logs) -> Self {
        let record = &changed.record;
        let stored = logs.entries[changed.position].as_ref();
        let lifespan = match stored {
            Some(Entry { lifespan, .. }) if *lifespan == record.lifespan => LifespanUpdate::Keep,
            None if record.lifespan == Lifespan::created_at(record.last_changed) => LifespanUpdate::Created,
            _ => LifespanUpdate::Set(record.lifespan.to_string()),
        };
        let id = &record.key().conversation_id;
        Self { id, state: state(changed.outcome), exists: stored.is_some(), lifespan }
    }

    /// The new entry, where `$$this` is the stored one. IDs may begin with a dollar, so they are literals.
    fn entry(&self, version: &Bson, at: Timestamp) -> Document {
        let mut entry = doc! {
            log::ENTRY_ID: { "$literal": self.id.as_str() },
            log::STATE: { "$literal": self.state },
            log::VERSION: version,
            log::UPDATED: DateTime::from_millis(at.0),
        };
        match &self.lifespan {
            LifespanUpdate::Created => {}
            LifespanUpdate::Keep => {
                // An absent field means the entry's version, which is about to change.
                entry.insert(log::LIVES, doc! { "$ifNull": ["$$this.lives", { "$toString": "$$this.version" }] });
            }
            LifespanUpdate::Set(lifespan) => {
                entry.insert(log::LIVES, doc! { "$literal": lifespan });
            }
        }
        entry
    }

    /// The condition that `$$this` is the conversation's entry.
    fn condition(&self) -> Document {
        doc! { "$eq": ["$$this.e_id", { "$literal": self.id.as_str() }] }
    }
}

impl LogUpdate<'_> {
    /// The update as a stage of a pipeline. Entries keep their positions, so that the server writes and replicates only the
    /// difference.
    fn stage(&self, at: Timestamp) -> Document {
        let version = Bson::from(doc! { "$add": ["$version", { "$literal": int64(self.raise) }] });
        let mut logs = Bson::from(doc! { "$ifNull": ["$logs", []] });
        let mut set = doc! { log::VERSION: version.clone(), log::UPDATED: DateTime::from_millis(at.0) };
        let (stored, new): (Vec<_>, Vec<_>) = self.entries.iter().partition(|entry| entry.exists);
        if let Some(cut) = self.cut_through {
            let is_newer = doc! { "$gt": ["$$this.version", { "$literal": int64(cut.0) }] };
            let kept: Vec<_> = std::iter::once(is_newer).chain(stored.iter().map(|entry| entry.condition())).collect();
            logs = doc! { "$filter": { "input": logs, "cond": { "$or": kept } } }.into();
            set.insert(log::DELETED, doc! { "$max": ["$deleted", { "$literal": int64(cut.0) }] });
        }
        if !stored.is_empty() {
            let branch = |entry: &&EntryUpdate<'_>| {
                let merged = doc! { "$mergeObjects": ["$$this", entry.entry(&version, at)] };
                doc! { "case": entry.condition(), "then": merged }
            };
            let branches: Vec<_> = stored.iter().map(branch).collect();
            let merged = doc! { "$switch": { "branches": branches, "default": "$$this" } };
            logs = doc! { "$map": { "input": logs, "in": merged } }.into();
        }
        if !new.is_empty() {
            let new: Vec<_> = new.iter().map(|entry| entry.entry(&version, at)).collect();
            logs = doc! { "$concatArrays": [logs, new] }.into();
        }
        set.insert(log::LOGS, logs);
        doc! { "$set": set }
    }
}
