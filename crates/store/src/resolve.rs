//! The pure step between what is held and what to store, once for all adapters.

use std::collections::HashMap;

use conversation_settings_core::{
    Conversation, Decision, Effect, Key, Outcome, Rejected, Timestamp, UserId, Version, Write, WriteBatch, decide,
};

use crate::{Lifespan, Record, State};

/// What a store holds of a batch, aligned with it by position.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// For each of [`WriteBatch::writes`], the record of its key, tombstones too.
    pub records: Vec<Option<Record>>,
    /// For each of [`WriteBatch::owners`], its version; [`Version::ZERO`] if nothing was ever written.
    pub versions: Vec<Version>,
}

impl Loaded {
    /// Aligns records and versions, loaded in any order, with a batch. What the batch does not name is left out.
    #[must_use]
    pub fn align(
        batch: &WriteBatch,
        records: impl IntoIterator<Item = Record>,
        versions: impl IntoIterator<Item = (UserId, Version)>,
    ) -> Self {
        let mut held = vec![None; batch.len()];
        for record in records {
            if let Some(position) = batch.position(record.key()) {
                held[position] = Some(record);
            }
        }
        let versions: HashMap<UserId, Version> = versions.into_iter().collect();
        let version = |owner| versions.get::<UserId>(owner).copied().unwrap_or_default();
        Self { records: held, versions: batch.owners().map(version).collect() }
    }
}

/// What to store, and what to answer once it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The records to store, in the batch's order; each replaces what is held of its key.
    pub records: Vec<Changed>,
    /// The owners' new versions to store, each once, in order: of those whose records change.
    pub versions: Vec<(UserId, Version)>,
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

/// A record to store.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Which of [`WriteBatch::writes`] it comes from, and so where in [`Loaded::records`] the record stands that it
    /// replaces.
    pub position: usize,
    /// The record as it is to be.
    pub record: Record,
    /// How it differs from what is held: created, updated in some fields, or removed.
    pub outcome: Outcome,
}

/// What came of a batch: the effect of each write, in the order of [`WriteBatch::writes`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// One for each write.
    pub effects: Vec<Effect>,
}

/// Resolves what a store holds into what it is to store and to answer: decisions, versions, tombstones, outcomes.
///
/// # Errors
///
/// [`Rejected`] when one of the writes must not happen: then nothing of the batch may be stored.
///
/// # Panics
///
/// When `held` is not aligned with `batch`.
pub fn resolve(batch: &WriteBatch, held: &Loaded, at: Timestamp) -> Result<Resolved, Rejected> {
    assert_eq!(held.records.len(), batch.len(), "a record or none for each write");
    let mut records = Vec::with_capacity(batch.len());
    let mut versions = Vec::new();
    let mut effects = Vec::with_capacity(batch.len());
    let mut position = 0;
    for (writes, version) in batch.by_owner().zip(&held.versions) {
        let mut reached = *version;
        for write in writes {
            let record = held.records[position].as_ref();
            let (outcome, changed) = resolve_one(record, write, version.next(), at)?;
            effects.push(Effect { outcome, version: None });
            if let Some(record) = changed {
                reached = version.next();
                records.push(Changed { position, record, outcome });
            }
            position += 1;
        }
        if reached != *version {
            versions.push((writes[0].key.owner.clone(), reached));
            let of_owner = position - writes.len()..position;
            effects[of_owner].iter_mut().for_each(|effect| effect.version = Some(reached));
        }
    }
    assert_eq!(position, batch.len(), "a version for each owner");
    Ok(Resolved { records, versions, applied: Applied { effects } })
}

fn resolve_one(
    record: Option<&Record>,
    write: &Write,
    next: Version,
    at: Timestamp,
) -> Result<(Outcome, Option<Record>), Rejected> {
    let lifespan = |turns: bool| match record {
        None => Lifespan::created_at(next),
        Some(record) if turns => record.lifespan.toggled_at(next),
        Some(record) => record.lifespan.clone(),
    };
    Ok(match decide(record.and_then(Record::live), write, at)? {
        Decision::Keep(outcome) => (outcome, None),
        Decision::Put(conversation, outcome) => {
            let lifespan = lifespan(outcome == Outcome::Created);
            (outcome, Some(put(conversation, lifespan, next)))
        }
        Decision::Delete => (Outcome::Removed, Some(removed(&write.key, lifespan(true), next))),
    })
}

fn put(conversation: Conversation, lifespan: Lifespan, last_changed: Version) -> Record {
    Record { state: State::Live(conversation), lifespan, last_changed }
}

fn removed(key: &Key, lifespan: Lifespan, last_changed: Version) -> Record {
    Record { state: State::Removed(key.clone()), lifespan, last_changed }
}
