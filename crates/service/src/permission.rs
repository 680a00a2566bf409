//! Who may do what.

use conversation_settings_core::{ConversationId, Field, SetConversations, Target, UserId};

use crate::{Caller, ServiceError};

impl Caller {
    /// An admin may read and write anybody's conversations, a user their own.
    pub(crate) fn check_owner(&self, owner: &UserId) -> Result<(), ServiceError> {
        match self {
            Self::Admin(_) => Ok(()),
            Self::User(user) if user == owner => Ok(()),
            Self::User(user) => refuse(user, "may only use their own conversations"),
        }
    }

    /// What a host does with many users' conversations is for admins.
    pub(crate) fn check_admin(&self) -> Result<(), ServiceError> {
        match self {
            Self::Admin(_) => Ok(()),
            Self::User(user) => refuse(user, "must be an administrator"),
        }
    }

    /// An admin may set anything. A user may set their own conversations only, and private chat, which the other party
    /// shares, only in the single chat of the two.
    pub(crate) fn check_set(&self, set: &SetConversations) -> Result<(), ServiceError> {
        let Self::User(user) = self else { return Ok(()) };
        set.users().iter().try_for_each(|owner| self.check_owner(owner))?;
        if !set.mask().contains(Field::IsPrivateChat) {
            return Ok(());
        }
        match set.target_of(user) {
            Target::Single(peer) if ConversationId::single(user, &peer) == *set.conversation_id() => Ok(()),
            _ => refuse(user, "may only set private chat in a single chat of their own"),
        }
    }
}

fn refuse(caller: &UserId, rule: &'static str) -> Result<(), ServiceError> {
    Err(ServiceError::NoPermission { caller: caller.clone(), rule })
}
