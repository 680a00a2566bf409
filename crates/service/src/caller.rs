//! Who calls.

use std::sync::Arc;

use conversation_settings_core::UserId;

/// Who calls, as the host has made sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// An administrator, who may do anything to anybody's conversations.
    Admin(UserId),
    /// A user, who may do what concerns their own conversations.
    User(UserId),
}

impl Caller {
    /// The caller's own ID.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        match self {
            Self::Admin(user) | Self::User(user) => user,
        }
    }

    /// Whether the caller is an administrator.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        matches!(self, Self::Admin(_))
    }
}

/// What comes with a call, whatever it asks for.
#[derive(Clone, Debug)]
pub struct Context {
    /// What traces the call from end to end: in logs, in events, and in the answer where the cause is kept from it.
    pub operation_id: Arc<str>,
    /// Who calls.
    pub caller: Caller,
}

impl Context {
    /// A call of `caller`'s, traced as `operation_id`.
    pub fn new(operation_id: impl Into<Arc<str>>, caller: Caller) -> Self {
        Self { operation_id: operation_id.into(), caller }
    }
}
