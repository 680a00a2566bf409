//! Who may do what.

use conversation_settings_core::{ConversationId, Field, Report, SetConversations, Target, UserId};

use crate::{Caller, ServiceError};

impl Caller {
    /// Checks that the caller may read and set the conversations of `owner`: administrators may those of any user, users
    /// their own. The service checks this itself in every call.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoPermission`] for another user.
    pub fn check_owner(&self, owner: &UserId) -> Result<(), ServiceError> {
        match self {
            Self::Admin(_) => Ok(()),
            Self::User(user) if user == owner => Ok(()),
            Self::User(user) => refuse(user, "may only use their own conversations"),
        }
    }

    /// The host's own calls are for administrators.
    pub(crate) fn check_admin(&self) -> Result<(), ServiceError> {
        match self {
            Self::Admin(_) => Ok(()),
            Self::User(user) => refuse(user, "must be an administrator"),
        }
    }

    /// Administrators may set anything. Users may set their own conversations; private chat, which the counterpart shares,
    /// only in the single chat whose ID names the two.
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

    /// Whether the caller may know what happened to the views of others. Outcomes and versions of a peer reveal whether
    /// the peer has the conversation, and how often the peer changes anything.
    pub(crate) const fn sees_peers(&self) -> bool {
        self.is_admin()
    }

    /// As much of `report` as the caller may know.
    pub(crate) fn visible(&self, report: Report) -> Report {
        if self.sees_peers() { report } else { report.without_peers_outcomes() }
    }
}

fn refuse(caller: &UserId, rule: &'static str) -> Result<(), ServiceError> {
    Err(ServiceError::NoPermission { caller: caller.clone(), rule })
}
