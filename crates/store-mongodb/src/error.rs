//! How MongoDB's failures become the contract's.

use conversation_settings_core::{Key, Rejected};
use conversation_settings_store::{Attempt, BoxError, StoreError};
use mongodb::{
    bson::Document,
    error::{ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure},
};

/// The store's name in errors.
const STORE: &str = "mongodb";

/// Any failure inside this adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Mongo(#[from] mongodb::error::Error),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A document that cannot be read back, and whose it is, where that much can be told.
    #[error("a document cannot be read back")]
    Damaged { key: Option<Box<Key>>, source: BoxError },
    /// A statement of a command that the server did not carry out; its text may hold values, so it is not kept.
    #[error("the server refused a write, code {code}")]
    Refused { code: i32 },
    #[error("the batch is too large for one transaction: it stores {got} bytes, at most {most} are possible")]
    TooLarge { got: usize, most: usize },
    #[error("the server has not caught up with what it was told before")]
    Behind,
    #[error("a defect has stopped the work on this call")]
    Panicked,
    #[error("the server did not answer in time")]
    NoAnswer,
    #[error("another primary was elected before the one that was asked had answered")]
    Replaced,
}

/// What the server's codes mean for the caller.
enum Kind {
    /// Another writer was in the way.
    Conflict,
    /// No primary, no connection, no time: it may be so for a moment or for long.
    Unavailable,
    /// More than a document or a transaction can hold.
    TooLarge,
    Other,
}

impl Kind {
    fn of_code(code: i32) -> Self {
        match code {
            // LockTimeout, WriteConflict, SnapshotTooOld, SnapshotUnavailable, DuplicateKey: since every key is looked
            // for first, a duplicate was made by somebody else in between.
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
                kind => kind,
            },
            ErrorKind::Write(WriteFailure::WriteError(write)) => Self::of_code(write.code),
            ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => match Self::of_code(concern.code) {
                Self::Other => Self::Unavailable,
                kind => kind,
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
    /// What the answer to a command says of its statements: the driver looks at those of its own commands alone.
    pub(crate) fn check(answer: &Document) -> Result<(), Self> {
        let Ok(errors) = answer.get_array("writeErrors") else { return Ok(()) };
        let first = errors.first().and_then(|first| first.as_document());
        let code = first.and_then(|first| first.get_i32("code").ok()).unwrap_or_default();
        Err(Self::Refused { code })
    }

    /// Whether it is unknown if the commit that failed so has taken place.
    pub(crate) fn is_unknown_commit(&self) -> bool {
        match self {
            Self::NoAnswer | Self::Replaced => true,
            Self::Mongo(error) => error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT),
            _ => false,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Mongo(error) => Kind::of(error),
            Self::Refused { code } => Kind::of_code(*code),
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::NoAnswer | Self::Replaced | Self::Behind => Kind::Unavailable,
            Self::Rejected(_) | Self::Damaged { .. } | Self::Panicked => Kind::Other,
        }
    }

    /// What becomes of an attempt that failed so, where there is time for another or not.
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
                let kind = error.kind();
                let source = error.into();
                match kind {
                    Kind::Conflict => Self::Conflict { store, source },
                    Kind::Unavailable => Self::Unavailable { store, source },
                    Kind::TooLarge => Self::Invalid { store, source },
                    Kind::Other => Self::Other { store, source },
                }
            }
        }
    }
}
