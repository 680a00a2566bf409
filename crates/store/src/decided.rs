//! The first step between load and store: decides the outcome of each conversation of a batch.

use conversation_settings_core::{Conversation, Decision, Effect, Outcome, Rejected, Timestamp, WriteBatch, decide};

use crate::Applied;

/// What becomes of each conversation of a batch, decided from the conversations alone.
///
/// This is all that a preview and a no-op need. [`stamp`](Self::stamp) adds versions and lifespans.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided<'b> {
    pub(crate) batch: &'b WriteBatch,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) changes: Vec<DecidedChange>,
}

/// A conversation to store, or to remove.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecidedChange {
    pub(crate) position: usize,
    pub(crate) conversation: Option<Conversation>,
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
}
