//! The model: one user's view of a conversation.

use core::fmt;

use crate::{ConversationId, GroupId, Quoted, Settings, UserId};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; negative before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "a number and nothing else")]
pub struct Timestamp(pub i64);

impl From<i64> for Timestamp {
    fn from(milliseconds: i64) -> Self {
        Self(milliseconds)
    }
}

impl From<Timestamp> for i64 {
    fn from(at: Timestamp) -> Self {
        at.0
    }
}

/// The number of batches that have changed an owner's conversations; 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[expect(clippy::exhaustive_structs, reason = "a number and nothing else")]
pub struct Version(pub u64);

impl Version {
    /// The version of an owner before the first change.
    pub const ZERO: Self = Self(0);

    /// The version after the next change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key of one user's view of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an identity, made of exactly these two")]
pub struct Key {
    /// The user who has this view: the partition key in every store.
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
        write!(f, "{} of {}", Quoted(self.conversation_id.as_str()), Quoted(self.owner.as_str()))
    }
}

/// The user, group or notification account that a conversation is with. It never changes after creation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "code that stores or shows a target must handle each kind")]
pub enum Target {
    /// A single chat with another user: OpenIM's type 1.
    Single(UserId),
    /// A group of the old kind: OpenIM's type 2.
    OldGroup(GroupId),
    /// A group: OpenIM's type 3.
    Group(GroupId),
    /// A notification account: OpenIM's type 4.
    Notification(UserId),
}

impl Target {
    /// The number of the target's kind on the wire and in a column: OpenIM's `conversationType`.
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

    /// The ID of the user, group or account.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Single(user) | Self::Notification(user) => user.as_str(),
            Self::OldGroup(group) | Self::Group(group) => group.as_str(),
        }
    }

    /// The name of the argument that is the target's ID in OpenIM's request.
    pub(crate) const fn id_name(&self) -> &'static str {
        if self.user_id().is_some() { "userID" } else { "groupID" }
    }

    /// The target with this [`conversation_type`](Self::conversation_type) and [`id`](Self::id), as a store keeps them.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when the number or the ID is not valid.
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
    /// The number stands for no kind.
    #[error("conversationType: must be one of 1, 2, 3, 4, got {got}")]
    Type {
        /// The number found.
        got: i32,
    },
    /// The ID is not valid.
    #[error("the target's ID {0}")]
    Id(#[from] crate::IdError),
}

/// One user's view of a conversation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "an adapter builds it, and must not miss a field")]
pub struct Conversation {
    /// The owner and the conversation ID.
    pub key: Key,
    /// The user, group or account that the conversation is with.
    pub target: Target,
    /// The owner's settings.
    pub settings: Settings,
    /// When the view was created.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn reads_a_target_back_from_its_parts() {
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
    fn counts_versions_up_and_prints_them_as_numbers() {
        assert_eq!(Version::ZERO.next().next(), Version(2));
        assert_eq!(Version(41).next().to_string(), "42");
        assert_eq!((Version::from(41), u64::from(Version(41))), (Version(41), 41));
    }

    #[test]
    fn prints_a_key_as_conversation_and_owner() {
        let key = Key::new(UserId::new("alice").unwrap(), ConversationId::new("sg_team").unwrap());
        assert_eq!(key.to_string(), "sg_team of alice");
    }
}
