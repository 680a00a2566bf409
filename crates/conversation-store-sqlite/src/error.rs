//! How SQLite's failures become the contract's.

use std::sync::Arc;

use conversation_core::{Key, Rejected};
use conversation_store::{BoxError, StoreError};
use rusqlite::ErrorCode;

/// The store's name in errors.
const STORE: &str = "sqlite";

/// Any failure inside this adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Shared, since all that were in one transaction fail with it.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A row that cannot be read back, and whose it is, where that much can be told.
    #[error("a row cannot be read back")]
    Row { key: Option<Box<Key>>, source: BoxError },
    #[error("the store has been shut down")]
    Stopped,
    #[error("a defect has stopped the work on this call")]
    Panicked,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let store = STORE;
        match error {
            Error::Rejected(rejected) => Self::Rejected(rejected),
            Error::Row { key, source } => Self::Corrupt { store, key, source },
            Error::Stopped => Self::Unavailable { store, source: error.into() },
            Error::Panicked => Self::Other { store, source: error.into() },
            Error::Sqlite(error) => {
                let source = Box::new(Arc::clone(&error));
                match error.sqlite_error_code() {
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Conflict { store, source },
                    Some(
                        ErrorCode::CannotOpen
                        | ErrorCode::DiskFull
                        | ErrorCode::FileLockingProtocolFailed
                        | ErrorCode::OutOfMemory
                        | ErrorCode::PermissionDenied
                        | ErrorCode::ReadOnly
                        | ErrorCode::SystemIoFailure,
                    ) => Self::Unavailable { store, source },
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
