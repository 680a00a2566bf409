//! SQLite's failures as errors of the contract.

use std::{path::Path, sync::Arc};

use conversation_settings_core::{Key, Rejected};
use conversation_settings_store::{BoxError, StoreError};
use rusqlite::ErrorCode;

/// The store's name in errors.
const STORE: &str = "sqlite";

/// Any failure inside this adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Shared by all calls of a transaction.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A damaged row, and its key if that can be read.
    #[error("a row cannot be read")]
    Row { key: Option<Box<Key>>, source: BoxError },
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error("every caller gave up before the batch began")]
    Unwanted,
    #[error("the store has been shut down")]
    Stopped,
    #[error("the call panicked")]
    Panic,
}

/// A file of the open database is no longer at its path. Shared by all calls of a transaction.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} was deleted or replaced while it was open: put it back, or restart the server", .0.display())]
pub(crate) struct Gone(pub(crate) Arc<Path>);

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl Error {
    /// Whether the files cannot be written now, for lack of space or rights.
    pub(crate) fn is_unwritable(&self) -> bool {
        let Self::Sqlite(error) = self else { return matches!(self, Self::Gone(_)) };
        let code = error.sqlite_error_code();
        code.is_some_and(|code| UNWRITABLE.contains(&code))
    }
}

/// What SQLite reports if a file cannot be opened or written.
const UNWRITABLE: [ErrorCode; 5] = [
    ErrorCode::CannotOpen,
    ErrorCode::DiskFull,
    ErrorCode::PermissionDenied,
    ErrorCode::ReadOnly,
    ErrorCode::SystemIoFailure,
];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let store = STORE;
        match error {
            Error::Rejected(rejected) => Self::Rejected(rejected),
            Error::Row { key, source } => Self::Corrupt { store, key, source },
            Error::Unwanted => Self::unwanted(store),
            Error::Stopped | Error::Gone(_) => Self::Unavailable { store, source: error.into() },
            Error::Panic => Self::Other { store, source: error.into() },
            Error::Sqlite(error) => {
                let source = Box::new(Arc::clone(&error));
                match error.sqlite_error_code() {
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Conflict { store, source },
                    Some(ErrorCode::FileLockingProtocolFailed | ErrorCode::OutOfMemory) => {
                        Self::Unavailable { store, source }
                    }
                    Some(code) if UNWRITABLE.contains(&code) => Self::Unavailable { store, source },
                    Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                        Self::Corrupt { store, key: None, source }
                    }
                    Some(ErrorCode::TooBig) => Self::Invalid { store, source },
                    _ => Self::Other { store, source },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn maps_each_code_to_a_kind() {
        let kind = |code| {
            let failure = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            match StoreError::from(Error::from(failure)) {
                StoreError::Conflict { .. } => "conflict",
                StoreError::Unavailable { .. } => "unavailable",
                StoreError::Corrupt { .. } => "corrupt",
                StoreError::Invalid { .. } => "invalid",
                _ => "other",
            }
        };
        let kinds = [
            ("conflict", vec![ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT, ffi::SQLITE_LOCKED]),
            ("unavailable", vec![ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_CANTOPEN]),
            ("unavailable", vec![ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_READONLY_DBMOVED]),
            ("corrupt", vec![ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB]),
            ("invalid", vec![ffi::SQLITE_TOOBIG]),
            ("other", vec![ffi::SQLITE_ERROR, ffi::SQLITE_MISUSE, ffi::SQLITE_CONSTRAINT]),
        ];
        for (expected, codes) in kinds {
            for code in codes {
                assert_eq!(kind(code), expected, "{code}");
            }
        }
    }
}
