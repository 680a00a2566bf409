//! Why a database file cannot be opened.

use std::{
    io,
    path::{Path, PathBuf},
};

use conversation_settings_store::BoxError;
use rusqlite::ErrorCode;

/// Why a database file cannot be opened. The message is one plain sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file or its folder cannot be found, created, read or written.
    #[error("cannot open {}", path.display())]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
    /// The file can be read but not written: its mode, its owner or its file system forbids it.
    #[error("{} cannot be written: the file is read-only for this user", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} belongs to another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program wrote the file.
    #[error("{} was written by a later version of this program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or not an SQLite database.
    #[error("{} is damaged or not an SQLite database", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
    /// Another program keeps the file locked.
    #[error("{} is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
}

impl OpenError {
    pub(crate) fn from_io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Unavailable { path, source: error.into() }
    }

    pub(crate) fn from_sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_owned();
        |error| {
            let code = error.sqlite_error_code();
            let source = error.into();
            match code {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, source },
                Some(
                    ErrorCode::CannotOpen
                    | ErrorCode::DiskFull
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::SystemIoFailure,
                ) => Self::Unavailable { path, source },
                _ => Self::Damaged { path, source },
            }
        }
    }
}
