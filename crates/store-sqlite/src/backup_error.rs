//! Why a database is not backed up or restored.

use std::{
    io,
    path::{Path, PathBuf},
};

use conversation_settings_store::BoxError;

use crate::open_error::OpenError;

/// Why a database is not backed up or restored. The message is one plain sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file to create exists.
    #[error("{} exists already: name a new file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A program has the database open, which a restore would replace.
    #[error("{} is in use: stop the server, and close other programs that have it open", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The database to replace cannot be read, so that nothing shows whether a server has it open.
    #[error(
        "the database to replace is damaged: stop the server, move {0} and its -wal and -shm to another folder, and \
         restore again",
        path.display()
    )]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: OpenError,
    },
    /// The backup is the database itself.
    #[error("{} is the database itself: name a backup", path.display())]
    Itself {
        /// The database.
        path: PathBuf,
    },
    /// The file has no conversations: it is empty.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The integrity check failed.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// The file that was copied.
        path: PathBuf,
        /// The first problem that SQLite found.
        problem: String,
    },
    /// A file cannot be opened as a database of this version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file cannot be created, written or renamed.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
}

impl BackupError {
    pub(crate) fn from_io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source: source.into() }
    }

    pub(crate) fn from_writing(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source: source.into() }
    }

    pub(crate) fn from_sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let failed = OpenError::from_sqlite(path);
        |error| Self::Open(failed(error))
    }
}
