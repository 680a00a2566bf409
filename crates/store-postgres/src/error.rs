//! PostgreSQL's failures as errors of the contract.

use conversation_settings_core::{Key, Rejected};
use conversation_settings_store::{BoxError, StoreError, adapter::Attempt};
use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::source::SourceError;

/// The store's name in errors.
const STORE: &str = "postgres";

/// Any failure inside this adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The server refused a statement. Its detail is dropped, since that can quote a whole row.
    #[error("{message} (SQLSTATE {})", code.code())]
    Server { code: SqlState, message: String },
    /// The connection failed.
    #[error(transparent)]
    Connection(tokio_postgres::Error),
    /// There is no connection.
    #[error(transparent)]
    Source(SourceError),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A damaged row, and its key if that can be read.
    #[error("a row cannot be read")]
    Row { key: Option<Box<Key>>, source: BoxError },
    #[error("another writer has changed an owner's version")]
    VersionMismatch,
    /// The server is silent on every connection.
    #[error("the server does not answer")]
    Silent,
    #[error(
        "the server is an old primary: another server has been promoted; find out which of the two is right, and stop the \
         other for good; only if this one is right, restart the program that says so after that"
    )]
    OldPrimary,
    #[error("the server is a standby, which accepts no writes")]
    Standby,
    #[error("the PostgreSQL role may only read: {0}")]
    ReadOnly(String),
    #[error("every caller gave up before the batch began")]
    Unwanted,
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refused) => Self::Server { code: refused.code().clone(), message: refused.message().to_owned() },
            None => Self::Connection(error),
        }
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Pool(PoolError::Backend(error)) => error.into(),
            error => Self::Source(error),
        }
    }
}

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Conflict,
    Unavailable,
    Corrupt,
    Invalid,
    Other,
}

impl Kind {
    fn of_code(code: &SqlState) -> Self {
        match *code {
            // A unique violation: two writers insert the same key. No lock: the wait for another writer's has timed out.
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::UNIQUE_VIOLATION
            | SqlState::LOCK_NOT_AVAILABLE => Self::Conflict,
            // A read-only transaction: the server has become a standby.
            SqlState::READ_ONLY_SQL_TRANSACTION
            | SqlState::QUERY_CANCELED
            | SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::DATABASE_DROPPED
            | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | SqlState::IO_ERROR => Self::Unavailable,
            SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => Self::Corrupt,
            _ => match code.code().get(..2) {
                // Connection exceptions, insufficient resources such as a full disk, failed logins, no such database.
                Some("08" | "53" | "28" | "3D") => Self::Unavailable,
                Some("54") => Self::Invalid,
                _ => Self::Other,
            },
        }
    }
}

impl Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Server { code, .. } => Kind::of_code(code),
            Self::Connection(_)
            | Self::Source(_)
            | Self::Silent
            | Self::OldPrimary
            | Self::Standby
            | Self::ReadOnly(_)
            | Self::Unwanted => Kind::Unavailable,
            Self::Row { .. } => Kind::Corrupt,
            Self::VersionMismatch => Kind::Conflict,
            Self::Rejected(_) => Kind::Other,
        }
    }

    /// Maps a refused null, which a write of versions causes if another writer has raised one.
    pub(crate) fn or_version_mismatch(self) -> Self {
        match self {
            Self::Server { code: SqlState::NOT_NULL_VIOLATION, .. } => Self::VersionMismatch,
            error => error,
        }
    }

    /// Whether another attempt in the same transaction may succeed: another writer has committed what this one was about to
    /// insert, and the next attempt sees it.
    pub(crate) fn is_seen_by_next_attempt(&self) -> bool {
        matches!(self, Self::VersionMismatch | Self::Server { code: SqlState::UNIQUE_VIOLATION, .. })
    }

    /// Retry only a conflict: any other failure may have left the batch committed. A wait for a lock that has timed out
    /// has taken long enough.
    pub(crate) fn attempt(self) -> Attempt {
        let has_waited = matches!(self, Self::Server { code: SqlState::LOCK_NOT_AVAILABLE, .. });
        match self.kind() {
            Kind::Conflict if !has_waited => Attempt::Again(self.into()),
            _ => Attempt::Fail(self.into()),
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let store = STORE;
        let kind = error.kind();
        match error {
            Error::Rejected(rejected) => Self::Rejected(rejected),
            Error::Unwanted => Self::unwanted(store),
            Error::Row { key, source } => Self::Corrupt { store, key, source },
            error => {
                let source = error.into();
                match kind {
                    Kind::Conflict => Self::Conflict { store, source },
                    Kind::Unavailable => Self::Unavailable { store, source },
                    Kind::Corrupt => Self::Corrupt { store, key: None, source },
                    Kind::Invalid => Self::Invalid { store, source },
                    Kind::Other => Self::Other { store, source },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_each_code_to_a_kind() {
        let kinds = [
            (Kind::Conflict, vec!["40001", "40P01", "23505", "55P03"]),
            (Kind::Unavailable, vec!["08006", "57P01", "57P02", "57P03", "57P04", "57014", "25006", "25P03"]),
            (Kind::Unavailable, vec!["53100", "53200", "53300", "58030", "28P01", "28000", "3D000"]),
            (Kind::Corrupt, vec!["XX001", "XX002"]),
            (Kind::Invalid, vec!["54000"]),
            (Kind::Other, vec!["42P01", "42501", "23502", "XX000", "25P02"]),
        ];
        for (expected, codes) in kinds {
            for code in codes {
                assert_eq!(Kind::of_code(&SqlState::from_code(code)), expected, "{code}");
            }
        }
    }

    #[test]
    fn retries_only_conflicts() {
        let attempt = |code| Error::Server { code: SqlState::from_code(code), message: "no".to_owned() }.attempt();
        assert!(matches!(attempt("40P01"), Attempt::Again(StoreError::Conflict { .. })));
        assert!(matches!(attempt("57P01"), Attempt::Fail(StoreError::Unavailable { .. })));
        assert!(matches!(Error::VersionMismatch.attempt(), Attempt::Again(StoreError::Conflict { .. })));
        assert!(matches!(attempt("55P03"), Attempt::Fail(StoreError::Conflict { .. })), "it has waited already");
    }
}
