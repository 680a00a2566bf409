//! The model: one user's view of a conversation.

use core::fmt;

use crate::{ConversationId, GroupId, Settings, UserId};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; negative before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(pub i64);

/// How often an owner's conversations have changed: 0 before the first change, one more with each batch that
/// changes any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Version(pub u64);

impl Version {
    /// The version of an owner of whom nothing was ever written.
    pub const ZERO: Self = Self(0);

    /// The version that the next change makes.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What names one user's view of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The user whose view it is: the partition key in every store.
    pub owner: UserId,
    /// The conversation.
    pub conversation_id: ConversationId,
}

impl Key {
    /// The view that `owner` has of `conversation_id`.
    #[must_use]
    pub const fn new(owner: UserId, conversation_id: ConversationId) -> Self {
        Self { owner, conversation_id }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.conversation_id, self.owner)
    }
}

/// Whom a conversation is with. It never changes after creation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A single chat with the other party: OpenIM's type 1.
    Single(UserId),
    /// A group of the old kind: OpenIM's type 2.
    OldGroup(GroupId),
    /// A group: OpenIM's type 3.
    Group(GroupId),
    /// A notification account: OpenIM's type 4.
    Notification(UserId),
}

impl Target {
    /// The number of the kind on the wire and in a column: OpenIM's `conversationType`.
    #[must_use]
    pub const fn conversation_type(&self) -> i32 {
        match self {
            Self::Single(_) => 1,
            Self::OldGroup(_) => 2,
            Self::Group(_) => 3,
            Self::Notification(_) => 4,
        }
    }

    /// The user of a single chat or notification account.
    #[must_use]
    pub const fn user_id(&self) -> Option<&UserId> {
        match self {
            Self::Single(user) | Self::Notification(user) => Some(user),
            Self::OldGroup(_) | Self::Group(_) => None,
        }
    }

    /// The group, of either kind.
    #[must_use]
    pub const fn group_id(&self) -> Option<&GroupId> {
        match self {
            Self::OldGroup(group) | Self::Group(group) => Some(group),
            Self::Single(_) | Self::Notification(_) => None,
        }
    }

    /// The target's own ID, whichever kind it is of.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Single(user) | Self::Notification(user) => user.as_str(),
            Self::OldGroup(group) | Self::Group(group) => group.as_str(),
        }
    }

    /// The target of which [`conversation_type`](Self::conversation_type) and [`id`](Self::id) are known: how a
    /// store reads one back.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when the number is of no kind, or the ID is no ID.
    pub fn from_parts(conversation_type: i32, id: &str) -> Result<Self, TargetError> {
        Ok(match conversation_type {
            1 => Self::Single(UserId::new(id)?),
            2 => Self::OldGroup(GroupId::new(id)?),
            3 => Self::Group(GroupId::new(id)?),
            4 => Self::Notification(UserId::new(id)?),
            got => return Err(TargetError::Type { got }),
        })
    }
}

/// Why a stored target cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The number of the kind is of no kind.
    #[error("conversationType: must be one of 1, 2, 3, 4, got {got}")]
    Type {
        /// The number found.
        got: i32,
    },
    /// The ID is no ID.
    #[error("the target's ID {0}")]
    Id(#[from] crate::IdError),
}

/// One user's view of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Whose view of which conversation.
    pub key: Key,
    /// Whom the conversation is with.
    pub target: Target,
    /// How the owner has set it.
    pub settings: Settings,
    /// When the view was created.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_target_is_kept_as_its_number_and_id_and_read_back() {
        let (user, group) = (UserId::new("u").unwrap(), GroupId::new("g").unwrap());
        let targets = [
            (Target::Single(user.clone()), 1, "u"),
            (Target::OldGroup(group.clone()), 2, "g"),
            (Target::Group(group), 3, "g"),
            (Target::Notification(user), 4, "u"),
        ];
        for (target, number, id) in targets {
            assert_eq!((target.conversation_type(), target.id()), (number, id));
            assert_eq!(Target::from_parts(number, id), Ok(target));
        }
        assert_eq!(Target::from_parts(0, "u"), Err(TargetError::Type { got: 0 }));
        assert_eq!(Target::from_parts(1, ""), Err(TargetError::Id(crate::IdError::Empty)));
    }

    #[test]
    fn versions_count_up_and_are_printed_as_numbers() {
        assert_eq!(Version::ZERO.next().next(), Version(2));
        assert_eq!(Version(41).next().to_string(), "42");
    }

    #[test]
    fn a_key_is_printed_as_whose_view_of_what() {
        let key = Key::new(UserId::new("alice").unwrap(), ConversationId::new("sg_team").unwrap());
        assert_eq!(key.to_string(), "sg_team of alice");
    }
}
