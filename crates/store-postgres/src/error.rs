//! How PostgreSQL's failures become the contract's.

use conversation_settings_core::{Key, Rejected};
use conversation_settings_store::{BoxError, StoreError, adapter::Attempt};
use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// The store's name in errors.
const STORE: &str = "postgres";

/// Any failure inside this adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The server refused a statement. The detail that it may have added can hold a whole row, so it is not kept.
    #[error("{message} (SQLSTATE {})", code.code())]
    Server { code: SqlState, message: String },
    /// The connection, not the server, has failed.
    #[error(transparent)]
    Connection(tokio_postgres::Error),
    /// No connection was to be had.
    #[error(transparent)]
    Pool(PoolError),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A row that cannot be read back, and whose it is, where that much can be told.
    #[error("a row cannot be read back")]
    Row { key: Option<Box<Key>>, source: BoxError },
    #[error("another writer of the same owners was faster")]
    Overtaken,
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refused) => Self::Server { code: refused.code().clone(), message: refused.message().to_owned() },
            None => Self::Connection(error),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            error => Self::Pool(error),
        }
    }
}

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Another writer was in the way, and is not any more.
    Conflict,
    Unavailable,
    Corrupt,
    /// More than the server can take.
    Invalid,
    Other,
}

impl Kind {
    fn of_code(code: &SqlState) -> Self {
        match *code {
            // Two first writes meet on a key; the rest is between transactions of any kind.
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::UNIQUE_VIOLATION => {
                Self::Conflict
            }
            // Those of a standby, which a server may have become; of a statement that took too long or was ended by the
            // operator; of a lock that somebody keeps; of a file that cannot be read or written.
            SqlState::READ_ONLY_SQL_TRANSACTION
            | SqlState::QUERY_CANCELED
            | SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::DATABASE_DROPPED
            | SqlState::LOCK_NOT_AVAILABLE
            | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | SqlState::IO_ERROR => Self::Unavailable,
            SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => Self::Corrupt,
            _ => match code.code().get(..2) {
                // Connection exception, insufficient resources such as a full disk, and who may connect to what.
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
            Self::Connection(_) | Self::Pool(_) => Kind::Unavailable,
            Self::Row { .. } => Kind::Corrupt,
            Self::Overtaken => Kind::Conflict,
            Self::Rejected(_) => Kind::Other,
        }
    }

    /// A failed write to the owners: a version that was refused is one that another writer has raised.
    pub(crate) fn or_overtaken(self) -> Self {
        match self {
            Self::Server { code: SqlState::NOT_NULL_VIOLATION, .. } => Self::Overtaken,
            error => error,
        }
    }

    /// What becomes of an attempt that failed so. Only a conflict is known to have left nothing behind.
    pub(crate) fn attempt(self) -> Attempt {
        match self.kind() {
            Kind::Conflict => Attempt::Again(self.into()),
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
    fn each_failure_of_postgres_is_of_a_kind() {
        let kinds = [
            (Kind::Conflict, vec!["40001", "40P01", "23505"]),
            (Kind::Unavailable, vec!["08006", "57P01", "57P02", "57P03", "57P04", "57014", "25006", "25P03", "55P03"]),
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
    fn only_a_conflict_is_tried_again() {
        let attempt = |code| Error::Server { code: SqlState::from_code(code), message: "no".to_owned() }.attempt();
        assert!(matches!(attempt("40P01"), Attempt::Again(StoreError::Conflict { .. })));
        assert!(matches!(attempt("57P01"), Attempt::Fail(StoreError::Unavailable { .. })));
        assert!(matches!(Error::Overtaken.attempt(), Attempt::Again(StoreError::Conflict { .. })));
    }
}
