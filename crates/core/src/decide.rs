//! The only place where a write meets what is stored.

use crate::{Change, Conversation, Key, Mask, Missing, Patch, Settings, Target, Timestamp, Version, Write};

/// What a write comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Nothing is to be stored.
    Keep(Outcome),
    /// The conversation is to be stored as given.
    Put(Conversation, Outcome),
    /// The conversation is to be removed.
    Delete,
}

/// What happened to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was created.
    Created,
    /// These settings, at least one, have a new value.
    Updated(Mask),
    /// It was removed.
    Removed,
    /// It was there, and is as it was.
    Unchanged,
    /// It was not there, and is not there.
    Absent,
}

impl Outcome {
    /// Whether anything was stored.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Created | Self::Updated(_) | Self::Removed)
    }

    /// The fields that have a new value in what was there before.
    #[must_use]
    pub const fn updated(self) -> Mask {
        match self {
            Self::Updated(changed) => changed,
            _ => Mask::EMPTY,
        }
    }

    /// Its name in a report, such as `created`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated(_) => "updated",
            Self::Removed => "removed",
            Self::Unchanged => "unchanged",
            Self::Absent => "absent",
        }
    }
}

/// What came of one write, once stored: the outcome, and the version that the batch gave the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What happened to the conversation.
    pub outcome: Outcome,
    /// The version that the batch gave the owner; `None` where nothing of the owner's changed: silence is answered without
    /// a look at versions, and whoever needs one asks for it.
    pub version: Option<Version>,
}

/// A write that must not happen, and with it its whole batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The conversation does not exist, and the write asked to be rejected then.
    #[error("conversation {0} does not exist")]
    Missing(Key),
    /// The conversation is not a single chat, and the write turns private chat on.
    #[error("conversation {0} is not a single chat, so it cannot be a private one")]
    NotSingleChat(Key),
}

impl Rejected {
    /// The conversation that the write was of.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Missing(key) | Self::NotSingleChat(key) => key,
        }
    }
}

/// Decides what becomes of the conversation that `write` names, where `current` is what is stored of it.
///
/// # Errors
///
/// [`Rejected`] when the write must not happen; nothing of its batch may be stored then.
pub fn decide(current: Option<&Conversation>, write: &Write, at: Timestamp) -> Result<Decision, Rejected> {
    match (&*write.change, current) {
        (Change::Remove, None) => Ok(Decision::Keep(Outcome::Absent)),
        (Change::Remove, Some(_)) => Ok(Decision::Delete),
        (Change::Set { patch, .. }, Some(current)) => update(current, patch),
        (Change::Set { patch, missing }, None) => match missing {
            Missing::Reject => Err(Rejected::Missing(write.key.clone())),
            Missing::Skip => Ok(Decision::Keep(Outcome::Absent)),
            Missing::Create(_) if patch.is_empty() => Ok(Decision::Keep(Outcome::Absent)),
            Missing::Create(target) | Missing::CreateEvenIfEmpty(target) => create(&write.key, target, patch, at),
        },
    }
}

fn update(current: &Conversation, patch: &Patch) -> Result<Decision, Rejected> {
    check_private_chat(&current.key, &current.target, patch)?;
    // Cloned is what may change, the rest once something does: most retries change nothing.
    let mut settings = current.settings.clone();
    let changed = patch.apply(&mut settings);
    if changed.is_empty() {
        return Ok(Decision::Keep(Outcome::Unchanged));
    }
    let (key, target) = (current.key.clone(), current.target.clone());
    let next = Conversation { key, target, settings, created_at: current.created_at };
    Ok(Decision::Put(next, Outcome::Updated(changed)))
}

fn create(key: &Key, target: &Target, patch: &Patch, at: Timestamp) -> Result<Decision, Rejected> {
    check_private_chat(key, target, patch)?;
    let mut settings = Settings::default();
    patch.apply(&mut settings);
    let created = Conversation { key: key.clone(), target: target.clone(), settings, created_at: at };
    Ok(Decision::Put(created, Outcome::Created))
}

/// A stored target may be of another kind than the request that was checked: its row decides.
fn check_private_chat(key: &Key, target: &Target, patch: &Patch) -> Result<(), Rejected> {
    match (patch.is_private_chat, target) {
        (Some(true), Target::OldGroup(_) | Target::Group(_) | Target::Notification(_)) => {
            Err(Rejected::NotSingleChat(key.clone()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_a_change_where_something_was_stored() {
        let changes = [Outcome::Created, Outcome::Updated(crate::Field::Ex.into()), Outcome::Removed];
        assert!(changes.into_iter().all(Outcome::is_change));
        assert!(![Outcome::Unchanged, Outcome::Absent].into_iter().any(Outcome::is_change));
    }
}
