//! [`resolve`]: deciding and stamping in one call, the pure step between load and store.

use conversation_settings_core::{Effect, Outcome, Rejected, Timestamp, UserId, Version, WriteBatch};

use crate::{Loaded, Record, decide_batch};

/// What to store, and what to answer once it is stored.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resolved {
    /// The records to store, in the batch's order; each replaces what the store holds of its key.
    pub records: Vec<RecordWrite>,
    /// The owners whose records change, each once, in the batch's order.
    pub owners: Vec<OwnerWrite>,
    /// What to answer.
    pub applied: Applied,
}

impl Resolved {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_noop(&self) -> bool {
        self.records.is_empty()
    }
}

/// What to store of an owner whose records change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnerWrite {
    /// The owner.
    pub owner: UserId,
    /// The owner's new version.
    pub version: Version,
    /// How many conversations more the owner has; negative if the batch removes more than it creates. A store adds it
    /// to the number that [`ConversationStore::count`](crate::ConversationStore::count) returns.
    pub added: i64,
}

/// A record to store.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordWrite {
    /// The position of the write in [`WriteBatch::writes`], and of the record that is replaced in [`Loaded::records`].
    pub position: usize,
    /// The new record.
    pub record: Record,
    /// How it differs from the stored one: created, updated in some fields, or removed.
    pub outcome: Outcome,
}

/// The effect of each write of a batch, in the order of [`WriteBatch::writes`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of a store builds it")]
pub struct Applied {
    /// One for each write.
    pub effects: Vec<Effect>,
}

/// Decides a batch and stamps it in one call: [`decide_batch`] followed by [`Decided::stamp`](crate::Decided::stamp).
///
/// # Errors
///
/// [`Rejected`] when one of the writes must not happen; then nothing of the batch may be stored.
///
/// # Panics
///
/// When `loaded` is not aligned with `batch`.
pub fn resolve(batch: &WriteBatch, loaded: &Loaded, at: Timestamp) -> Result<Resolved, Rejected> {
    let conversations = loaded.records.iter().map(|record| record.as_ref().and_then(Record::live));
    Ok(decide_batch(batch, conversations, at)?.stamp(loaded))
}
