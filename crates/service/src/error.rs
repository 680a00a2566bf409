//! Why a use case fails.

use conversation_settings_core::{ArgsError, Field, GroupId, Key, Rejected, UserId};
use conversation_settings_store::StoreError;

use crate::{Code, DirectoryError, MessagesError};

/// Why a call was not done. Unless it is a fault of the store's that [can be retried](StoreError::is_retryable), nothing
/// was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// An argument is wrong.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// The caller may not do this.
    #[error("{caller}: {rule}")]
    NoPermission {
        /// Who called.
        caller: UserId,
        /// What the caller would have to be.
        rule: &'static str,
    },
    /// The conversation does not exist.
    #[error("conversation {0} does not exist")]
    NotFound(Key),
    /// The group does not exist.
    #[error("group {0} does not exist")]
    UnknownGroup(GroupId),
    /// The group was dismissed.
    #[error("group {0} was dismissed")]
    DismissedGroup(GroupId),
    /// The host's groups could not be asked.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The host's messages could not be asked.
    #[error(transparent)]
    Messages(#[from] MessagesError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The call was cut off by a fault of the program's, or by its end.
    #[error("the call was cut off")]
    Aborted,
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Rejected(Rejected::Missing(key)) => Self::NotFound(key),
            StoreError::Rejected(rejected @ Rejected::NotSingleChat(_)) => {
                let rule = conversation_settings_core::Violation::Rule(rejected.to_string().into());
                Self::Args(ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule))
            }
            error => Self::Store(error),
        }
    }
}

impl ServiceError {
    /// The number and name that OpenIM's clients know it by: the one place where errors are mapped to them.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Args(_) => Code::Args,
            Self::NoPermission { .. } => Code::NoPermission,
            Self::NotFound(_) | Self::UnknownGroup(_) => Code::RecordNotFound,
            Self::DismissedGroup(_) => Code::DismissedAlready,
            Self::Directory(_) | Self::Messages(_) | Self::Store(_) | Self::Aborted => Code::ServerInternal,
        }
    }

    /// Whether the same call may succeed later without a change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Directory(_) | Self::Messages(_) | Self::Aborted => true,
            _ => false,
        }
    }
}
