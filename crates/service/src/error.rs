//! Why a use case fails.

use conversation_settings_core::{ArgsError, Field, GroupId, Key, Quoted, Rejected, Report, UserId, Violation};
use conversation_settings_store::StoreError;

use crate::{AuthorizeError, DirectoryError, MessagesError, writer::WriteError};

/// Why a call failed.
///
/// Nothing was written, unless the error [is retryable](Self::is_retryable): then the call may have been written in
/// whole, or in part as [`Partial`](Self::Partial) says. Repeating it is safe, because a repeated write is a no-op.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// An argument is wrong.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// The caller is not allowed to do this.
    #[error("{}: {rule}", Quoted(caller.as_str()))]
    NoPermission {
        /// The caller.
        caller: UserId,
        /// The rule that the caller breaks, such as `must be an administrator`.
        rule: &'static str,
    },
    /// The conversation does not exist, and the service is set to reject missing ones.
    #[error("conversation {0} does not exist")]
    NotFound(Key),
    /// The group does not exist.
    #[error("group {} does not exist", Quoted(.0.as_str()))]
    UnknownGroup(GroupId),
    /// The group was dismissed.
    #[error("group {} was dismissed", Quoted(.0.as_str()))]
    DismissedGroup(GroupId),
    /// The call needs the time of messages, and the service has no [`Messages`](crate::Messages) port.
    #[error("the service does not know when messages were sent")]
    NoMessages,
    /// The host's port [`Authorize`](crate::Authorize) failed.
    #[error(transparent)]
    Authorize(#[from] AuthorizeError),
    /// The host's group directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The host's message port failed.
    #[error(transparent)]
    Messages(#[from] MessagesError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// A call that takes several batches failed after its first: only a part is written.
    #[error("the call failed after {} of its changes were written", written.changed().count() + written.hidden_peers.len())]
    Partial {
        /// What was written before the failure.
        written: Report,
        /// Why the next batch failed.
        source: Box<Self>,
    },
    /// Too many writes wait for the store. Nothing was written.
    #[error("too many writes wait; try again later")]
    Overloaded,
    /// The call was aborted by a panic or by the shutdown of the runtime.
    #[error("the call was aborted")]
    Aborted,
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Rejected(Rejected::Missing(key)) => Self::NotFound(key),
            StoreError::Rejected(Rejected::NotCreatable { error, .. }) => Self::Args(error),
            StoreError::Rejected(rejected @ Rejected::NotSingleChat(_)) => {
                let rule = Violation::Rule(rejected.to_string().into());
                Self::Args(ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule))
            }
            StoreError::Rejected(rejected @ Rejected::TooManyNames { .. }) => {
                let rule = Violation::Rule(rejected.to_string().into());
                Self::Args(ArgsError::in_conversation(Field::Custom.wire_name(), rule))
            }
            error => Self::Store(error),
        }
    }
}

impl From<WriteError> for ServiceError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::Full => Self::Overloaded,
            WriteError::Panicked | WriteError::Stopped => Self::Aborted,
        }
    }
}

impl ServiceError {
    /// Whether the same call may be repeated: it may succeed later, and what is already written is a no-op.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Authorize(_)
            | Self::Directory(_)
            | Self::Messages(_)
            | Self::Partial { .. }
            | Self::Overloaded
            | Self::Aborted => true,
            _ => false,
        }
    }
}
