//! The decision about one write, from the stored conversation.

use crate::{
    ArgsError, Change, Changed, Conversation, Custom, CustomPatch, Key, Mask, Missing, Patch, Settings, Target,
    Timestamp, Version, Write,
};

/// What a write does to the stored conversation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "code that stores a decision must handle each")]
pub enum Decision {
    /// Store nothing.
    Keep(Outcome),
    /// Store this conversation.
    Put(Conversation, Outcome),
    /// Remove the conversation.
    Delete,
}

impl Decision {
    /// What the write does to the conversation.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Keep(outcome) | Self::Put(_, outcome) => *outcome,
            Self::Delete => Outcome::Removed,
        }
    }
}

/// What happened to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "code that reports an outcome must handle each")]
pub enum Outcome {
    /// The conversation was created.
    Created,
    /// These settings, at least one, have a new value.
    Updated(Changed),
    /// The conversation was removed.
    Removed,
    /// The conversation exists and is unchanged.
    Unchanged,
    /// The conversation does not exist, and was not created.
    Absent,
}

impl Outcome {
    /// Whether something was stored.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Created | Self::Updated(_) | Self::Removed)
    }

    /// The fields of an existing conversation that have a new value.
    #[must_use]
    pub const fn updated(self) -> Mask {
        match self {
            Self::Updated(changed) => changed.fields(),
            _ => Mask::EMPTY,
        }
    }

    /// The part of `patch`, which the write set, that had an effect: all of it for a created conversation, except for
    /// names of `custom` that it removes.
    #[must_use]
    pub fn part_of(self, patch: &Patch) -> Patch {
        match self {
            Self::Updated(changed) => changed.part_of(patch),
            Self::Created => {
                let mut part = patch.clone();
                part.custom = part.custom.map(CustomPatch::without_removals);
                part
            }
            Self::Removed | Self::Unchanged | Self::Absent => Patch::KEEP,
        }
    }

    /// The name in a report, such as `created`.
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

/// The effect of one stored write: the outcome, and the version that the batch gave the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of a store builds it")]
pub struct Effect {
    /// What happened to the conversation.
    pub outcome: Outcome,
    /// The version that the batch gave the owner; `None` if the batch changed none of the owner's conversations. A no-op
    /// reads no version.
    pub version: Option<Version>,
}

/// A write that must not happen; its whole batch is rejected with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The conversation does not exist, and the write must not create it.
    #[error("conversation {0} does not exist")]
    Missing(Key),
    /// The conversation does not exist, and its IDs are not ones to create it with. Existing ones like it stay.
    #[error("conversation {key} cannot be created: {error}")]
    NotCreatable {
        /// The conversation.
        key: Key,
        /// The ID, by its path in OpenIM's request, and its problem.
        error: ArgsError,
    },
    /// The conversation is not a single chat, and the write turns private chat on.
    #[error("conversation {0} is not a single chat, so it cannot be a private one")]
    NotSingleChat(Key),
    /// The conversation would have too many names in `custom`, or the write mentions too many.
    #[error("conversation {key} would have {got} names in custom; at most {} are allowed", Custom::MAX_NAMES)]
    TooManyNames {
        /// The conversation.
        key: Key,
        /// The names that it would have, or that the write mentions.
        got: usize,
    },
}

impl Rejected {
    /// The conversation of the write.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Missing(key)
            | Self::NotCreatable { key, .. }
            | Self::NotSingleChat(key)
            | Self::TooManyNames { key, .. } => key,
        }
    }
}

/// Decides what `write` does to its conversation, of which `current` is the stored one. `at` is the time of a creation.
///
/// A [`Change::Follow`] is decided as if it had a change to follow; [`decide_follower`] knows whether it has.
///
/// # Errors
///
/// [`Rejected`] when the write must not happen; nothing of its batch may be stored then.
pub fn decide(current: Option<&Conversation>, write: &Write, at: Timestamp) -> Result<Decision, Rejected> {
    match (&*write.change, current) {
        (Change::Remove, None) => Ok(Decision::Keep(Outcome::Absent)),
        (Change::Remove, Some(_)) => Ok(Decision::Delete),
        (Change::Set { patch, .. } | Change::Follow { patch, .. }, Some(current)) => update(current, patch),
        // A missing conversation has the defaults already.
        (Change::Follow { patch, .. }, None) if patch.apply(&mut Settings::default()).is_empty() => {
            Ok(Decision::Keep(Outcome::Absent))
        }
        (Change::Set { patch, missing } | Change::Follow { patch, missing, .. }, None) => {
            if_missing(missing, patch, &write.key, at)
        }
    }
}

fn if_missing(missing: &Missing, patch: &Patch, key: &Key, at: Timestamp) -> Result<Decision, Rejected> {
    match missing {
        Missing::Reject => Err(Rejected::Missing(key.clone())),
        Missing::Skip => Ok(Decision::Keep(Outcome::Absent)),
        Missing::Create(_) if patch.is_empty() => Ok(Decision::Keep(Outcome::Absent)),
        Missing::Create(target) | Missing::CreateEvenIfEmpty(target) => create(key, target, patch, at),
        Missing::Invalid(error) => Err(Rejected::NotCreatable { key: key.clone(), error: error.clone() }),
    }
}

/// Decides what a [follower](Write::is_follower) does, once the outcomes of its batch's other writes are known.
///
/// # Errors
///
/// As [`decide`].
pub fn decide_follower(
    current: Option<&Conversation>,
    write: &Write,
    outcome_of: impl FnMut(&Key) -> Option<Outcome>,
    at: Timestamp,
) -> Result<Decision, Rejected> {
    if write.is_led(outcome_of) {
        return decide(current, write, at);
    }
    Ok(Decision::Keep(if current.is_some() { Outcome::Unchanged } else { Outcome::Absent }))
}

fn update(current: &Conversation, patch: &Patch) -> Result<Decision, Rejected> {
    check_private_chat(&current.key, &current.target, patch)?;
    // Clone the settings alone at first: most retries change nothing.
    let mut settings = current.settings.clone();
    let changed = patch.apply(&mut settings);
    if changed.is_empty() {
        return Ok(Decision::Keep(Outcome::Unchanged));
    }
    check_custom(&current.key, patch, &settings.custom, current.settings.custom.len())?;
    let changed = Changed::by(patch, changed, &current.settings.custom);
    let (key, target) = (current.key.clone(), current.target.clone());
    let next = Conversation { key, target, settings, created_at: current.created_at };
    Ok(Decision::Put(next, Outcome::Updated(changed)))
}

fn create(key: &Key, target: &Target, patch: &Patch, at: Timestamp) -> Result<Decision, Rejected> {
    check_private_chat(key, target, patch)?;
    let mut settings = Settings::default();
    patch.apply(&mut settings);
    check_custom(key, patch, &settings.custom, 0)?;
    let created = Conversation { key: key.clone(), target: target.clone(), settings, created_at: at };
    Ok(Decision::Put(created, Outcome::Created))
}

/// The stored target may be of another kind than the checked request; the stored one decides.
fn check_private_chat(key: &Key, target: &Target, patch: &Patch) -> Result<(), Rejected> {
    match (patch.is_private_chat, target) {
        (Some(true), Target::OldGroup(_) | Target::Group(_) | Target::Notification(_)) => {
            Err(Rejected::NotSingleChat(key.clone()))
        }
        _ => Ok(()),
    }
}

/// Checks the number of names in `custom`, of which there were `before`. What has too many, because another program wrote
/// it, may shrink.
fn check_custom(key: &Key, patch: &Patch, custom: &Custom, before: usize) -> Result<(), Rejected> {
    let Some(mentioned) = patch.custom.as_ref().map(CustomPatch::len) else { return Ok(()) };
    let after = if custom.len() > before { custom.len() } else { 0 };
    match mentioned.max(after) {
        got if got > Custom::MAX_NAMES => Err(Rejected::TooManyNames { key: key.clone(), got }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_outcomes_are_changes() {
        let changes = [Outcome::Created, Outcome::Updated(crate::Field::Ex.into()), Outcome::Removed];
        assert!(changes.into_iter().all(Outcome::is_change));
        assert!(![Outcome::Unchanged, Outcome::Absent].into_iter().any(Outcome::is_change));
    }
}
