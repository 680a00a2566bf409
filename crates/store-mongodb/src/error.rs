//! MongoDB's failures as the contract's errors.

use conversation_settings_core::{Key, Rejected};
use conversation_settings_store::{BoxError, StoreError, adapter::Attempt};
use mongodb::{
    bson::Document,
    error::{ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure},
};

/// The store's name in errors.
pub(crate) const STORE: &str = "mongodb";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Mongo(#[from] mongodb::error::Error),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// `key` names the conversation if the document's key is readable.
    #[error("a document cannot be read back")]
    Damaged { key: Option<Box<Key>>, source: BoxError },
    /// The server refused a statement. Its message is not kept, because it may contain values.
    #[error("the server refused a write, code {code}")]
    Refused { code: i32 },
    #[error("the batch is too large for one transaction: it stores {got} bytes, at most {max} are possible")]
    TooLarge { got: usize, max: usize },
    #[error("the server has not caught up with an earlier commit of this process")]
    Behind,
    #[error("the MongoDB user may only read: {0}")]
    ReadOnly(String),
    #[error("a panic stopped this call")]
    Panicked,
    #[error("the server did not answer in time")]
    Timeout,
    #[error("another primary was elected before the server answered")]
    Replaced,
}

/// What a failure means for the caller.
enum Class {
    /// Another writer interfered.
    Conflict,
    /// No primary, no connection or no time, for a moment or for long.
    Unavailable,
    /// More than a document or a transaction can hold.
    TooLarge,
    Other,
}

impl Class {
    fn of_code(code: i32) -> Self {
        match code {
            // LockTimeout, WriteConflict, SnapshotTooOld, SnapshotUnavailable, DuplicateKey: a transaction looks up every
            // key first, so another writer inserted the duplicate in between.
            24 | 112 | 239 | 246 | 11000 => Self::Conflict,
            // HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown,
            // ExceededTimeLimit, WriteConcernFailed, NoSuchTransaction, NotWritablePrimary, InterruptedAtShutdown,
            // InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary; MaxTimeMSExpired,
            // ReadConcernMajorityNotAvailableYet, Interrupted, SocketException.
            6 | 7 | 50 | 64 | 89 | 91 | 134 | 189 | 251 | 262 | 9001 | 10107 | 11600 | 11601 | 11602 | 13435
            | 13436 => Self::Unavailable,
            // BSONObjectTooLarge in its two guises, TransactionTooLarge, TransactionTooLargeForCache.
            257 | 388 | 10334 | 17419 | 17420 => Self::TooLarge,
            _ => Self::Other,
        }
    }

    fn of(error: &mongodb::error::Error) -> Self {
        match &*error.kind {
            ErrorKind::Command(command) => match Self::of_code(command.code) {
                Self::Other if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => Self::Conflict,
                class => class,
            },
            ErrorKind::Write(WriteFailure::WriteError(write)) => Self::of_code(write.code),
            ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => match Self::of_code(concern.code) {
                Self::Other => Self::Unavailable,
                class => class,
            },
            ErrorKind::InsertMany(many) => match many.write_errors.as_deref() {
                Some([first, ..]) => Self::of_code(first.code),
                _ => Self::Unavailable,
            },
            ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::DnsResolve { .. } => Self::Unavailable,
            _ if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => Self::Conflict,
            _ => Self::Other,
        }
    }
}

impl Error {
    /// A document whose key is unknown or unreadable.
    pub(crate) const fn damaged(source: BoxError) -> Self {
        Self::Damaged { key: None, source }
    }

    /// Checks the response to a raw command for refused statements: the driver checks only its own commands.
    pub(crate) fn check_response(response: &Document) -> Result<(), Self> {
        let Ok(errors) = response.get_array("writeErrors") else { return Ok(()) };
        let first = errors.first().and_then(|first| first.as_document());
        let code = first.and_then(|first| first.get_i32("code").ok()).unwrap_or_default();
        Err(Self::Refused { code })
    }

    /// Whether a commit that failed with this error may have taken place.
    pub(crate) fn is_unknown_commit(&self) -> bool {
        match self {
            Self::Timeout | Self::Replaced => true,
            Self::Mongo(error) => error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT),
            _ => false,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Mongo(error) => Class::of(error),
            Self::Refused { code } => Class::of_code(*code),
            Self::TooLarge { .. } => Class::TooLarge,
            Self::Timeout | Self::Replaced | Self::Behind | Self::ReadOnly(_) => Class::Unavailable,
            Self::Rejected(_) | Self::Damaged { .. } | Self::Panicked => Class::Other,
        }
    }

    /// Whether to try again after this error.
    pub(crate) fn attempt(self, is_time_left: bool) -> Attempt {
        let error = StoreError::from(self);
        if is_time_left && error.is_retryable() { Attempt::Again(error) } else { Attempt::Fail(error) }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let store = STORE;
        match error {
            Error::Rejected(rejected) => Self::Rejected(rejected),
            Error::Damaged { key, source } => Self::Corrupt { store, key, source },
            error => {
                let class = error.class();
                let source = error.into();
                match class {
                    Class::Conflict => Self::Conflict { store, source },
                    Class::Unavailable => Self::Unavailable { store, source },
                    Class::TooLarge => Self::Invalid { store, source },
                    Class::Other => Self::Other { store, source },
                }
            }
        }
    }
}
