//! The first pure step between load and store: what becomes of each conversation of a batch.

use conversation_settings_core::{
    Conversation, Decision, Effect, Outcome, Rejected, Timestamp, Version, WriteBatch, decide,
};

use crate::{Applied, Lifespan, Loaded, Record, RecordWrite, Resolved, State};

/// What becomes of each conversation of a batch, decided from the conversations alone.
///
/// This is all that a preview and a no-op need. [`stamp`](Self::stamp) adds versions and lifespans.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided<'b> {
    batch: &'b WriteBatch,
    outcomes: Vec<Outcome>,
    changes: Vec<DecidedChange>,
}

/// A conversation to store, or to remove.
#[derive(Clone, Debug, PartialEq)]
struct DecidedChange {
    position: usize,
    conversation: Option<Conversation>,
}

/// Decides what becomes of each conversation of `batch`. `conversations` are the stored ones, one for each of
/// [`WriteBatch::writes`]; `at` is the creation time of what the batch creates.
///
/// # Errors
///
/// [`Rejected`] when one of the writes must not happen; then nothing of the batch may be stored.
///
/// # Panics
///
/// When `conversations` is not aligned with `batch`.
pub fn decide_batch<'b, 'c>(
    batch: &'b WriteBatch,
    conversations: impl IntoIterator<Item = Option<&'c Conversation>>,
    at: Timestamp,
) -> Result<Decided<'b>, Rejected> {
    let mut conversations = conversations.into_iter();
    let mut decided = Decided { batch, outcomes: Vec::with_capacity(batch.len()), changes: Vec::new() };
    for (position, write) in batch.writes().iter().enumerate() {
        let current = conversations.next().expect("a conversation or none for each write");
        let (outcome, changed) = match decide(current, write, at)? {
            Decision::Keep(outcome) => (outcome, None),
            Decision::Put(conversation, outcome) => (outcome, Some(Some(conversation))),
            Decision::Delete => (Outcome::Removed, Some(None)),
        };
        decided.outcomes.push(outcome);
        decided.changes.extend(changed.map(|conversation| DecidedChange { position, conversation }));
    }
    assert!(conversations.next().is_none(), "no more conversations than writes");
    Ok(decided)
}

impl Decided<'_> {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_noop(&self) -> bool {
        self.changes.is_empty()
    }

    /// The outcome of each write, in the batch's order.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What to answer if the batch changes nothing; `None` if it changes something, which needs
    /// [`stamp`](Self::stamp).
    #[must_use]
    pub fn noop(&self) -> Option<Applied> {
        let effect = |&outcome: &Outcome| Effect { outcome, version: None };
        self.is_noop().then(|| Applied { effects: self.outcomes.iter().map(effect).collect() })
    }

    /// The effect of each write, if `versions` are the versions of [`WriteBatch::owners`] before it.
    ///
    /// # Panics
    ///
    /// When `versions` is not aligned with the batch.
    #[must_use]
    pub fn effects(&self, versions: &[Version]) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(self.batch.len());
        for (writes, version) in self.batch.by_owner().zip(versions) {
            let outcomes = &self.outcomes[effects.len()..][..writes.len()];
            let raised = outcomes.iter().any(|outcome| outcome.is_change()).then(|| version.next());
            effects.extend(outcomes.iter().map(|&outcome| Effect { outcome, version: raised }));
        }
        assert_eq!(effects.len(), self.batch.len(), "a version for each owner");
        effects
    }

    /// Adds versions and lifespans: what to store, and what to answer. `loaded` holds the records of the conversations
    /// that were decided on, and their owners' versions.
    ///
    /// # Panics
    ///
    /// When `loaded` is not aligned with the batch, or lacks the record of a conversation that was decided on.
    #[must_use]
    pub fn stamp(self, loaded: &Loaded) -> Resolved {
        assert_eq!(loaded.records.len(), self.batch.len(), "a record or none for each write");
        let effects = self.effects(&loaded.versions);
        let raised = |position: usize| effects[position].version;

        let mut versions = Vec::new();
        let mut position = 0;
        for writes in self.batch.by_owner() {
            versions.extend(raised(position).map(|version| (writes[0].key.owner.clone(), version)));
            position += writes.len();
        }

        let mut records = Vec::with_capacity(self.changes.len());
        for DecidedChange { position, conversation } in self.changes {
            let outcome = self.outcomes[position];
            let version = raised(position).expect("a change raises its owner's version");
            let lifespan = lifespan(loaded.records[position].as_ref(), outcome, version);
            let state = match conversation {
                Some(conversation) => State::Live(conversation),
                None => State::Removed(self.batch.writes()[position].key.clone()),
            };
            records.push(RecordWrite { position, record: Record { state, lifespan, last_changed: version }, outcome });
        }
        Resolved { records, versions, applied: Applied { effects } }
    }
}

fn lifespan(record: Option<&Record>, outcome: Outcome, version: Version) -> Lifespan {
    match (record, outcome) {
        (None, Outcome::Created) => Lifespan::created_at(version),
        (None, _) => panic!("the record of each conversation that was decided on"),
        (Some(record), Outcome::Created | Outcome::Removed) => record.lifespan.toggled_at(version),
        (Some(record), _) => record.lifespan.clone(),
    }
}
