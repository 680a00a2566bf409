//! The first step between load and store: decides the outcome of each conversation of a batch.

use conversation_settings_core::{
    Conversation, Decision, Effect, Key, Outcome, Rejected, Timestamp, WriteBatch, decide, decide_follower,
};

use crate::Applied;

/// The decision for each conversation of a batch, made from the conversations alone.
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

/// Decides each write of `batch`. `conversations` are the stored ones, one for each of
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
    let mut followers = Vec::new();
    for (position, write) in batch.writes().iter().enumerate() {
        let current = conversations.next().expect("a conversation or none for each write");
        if write.is_follower() {
            followers.push((position, current));
            decided.outcomes.push(Outcome::Unchanged);
        } else {
            let decision = decide(current, write, at)?;
            decided.outcomes.push(decision.outcome());
            decided.changes.extend(DecidedChange::new(position, decision));
        }
    }
    assert!(conversations.next().is_none(), "no more conversations than writes");
    decided.decide_followers(followers, at)?;
    Ok(decided)
}

impl DecidedChange {
    fn new(position: usize, decision: Decision) -> Option<Self> {
        let conversation = match decision {
            Decision::Keep(_) => return None,
            Decision::Put(conversation, _) => Some(conversation),
            Decision::Delete => None,
        };
        Some(Self { position, conversation })
    }
}

impl Decided<'_> {
    /// Decides the writes that follow others, which must have their outcomes.
    fn decide_followers(
        &mut self,
        followers: Vec<(usize, Option<&Conversation>)>,
        at: Timestamp,
    ) -> Result<(), Rejected> {
        if followers.is_empty() {
            return Ok(());
        }
        let mut last = Vec::with_capacity(followers.len());
        for (position, current) in followers {
            let outcome_of = |key: &Key| {
                let position = self.batch.position(key)?;
                // A follower follows no other follower.
                (!self.batch.writes()[position].is_follower()).then(|| self.outcomes[position])
            };
            last.push((position, decide_follower(current, &self.batch.writes()[position], outcome_of, at)?));
        }
        for (position, decision) in last {
            self.outcomes[position] = decision.outcome();
            self.changes.extend(DecidedChange::new(position, decision));
        }
        self.changes.sort_by_key(|change| change.position);
        Ok(())
    }

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
