//! Opening a database file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use conversation_settings_store::{BoxError, LogId};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::schema::{self, Found};

/// How long to wait for another handle's transaction to end.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database file cannot be opened. The message is one plain sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file or its folder can neither be found nor made, or not be read and written.
    #[error("cannot open {}", path.display())]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// What stands in the way.
        source: BoxError,
    },
    /// The file belongs to another program.
    #[error("{} belongs to another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version of this program, which knows more than this one.
    #[error("{} was written by a later version of this program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The file is no database, or a damaged one.
    #[error("{} is damaged, or no database", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: BoxError,
    },
    /// Another program keeps the file locked.
    #[error("{} is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: BoxError,
    },
}

impl OpenError {
    pub(crate) fn unavailable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Unavailable { path, source: error.into() }
    }

    fn of_sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
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

/// A database file that was found to be ours, or made so.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) log: LogId,
}

/// Opens the file at `path`, or makes it, and brings it to this version. A file that is not ours is left as it is.
pub(crate) fn open(path: &Path) -> Result<Opened, OpenError> {
    // An absolute path means a file even where SQLite takes a name for something else, such as ":memory:", and
    // stays what it is should the process change its folder.
    let path = std::path::absolute(path).map_err(OpenError::unavailable(path))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(OpenError::unavailable(&path))?;
    }
    let began = Instant::now();
    loop {
        match try_open(&path) {
            // Of those who make the file at once, SQLite sends all but one away without waiting, lest they wait for each
            // other.
            Err(OpenError::Locked { .. }) if began.elapsed() < BUSY_TIMEOUT => pause(),
            opened => return opened,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "polls for a lock, bounded")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

fn try_open(path: &Path) -> Result<Opened, OpenError> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(OpenError::of_sqlite(path))?;
    // One look, in a transaction: what another program commits in between would make the file seem to be somebody else's.
    let look = connection.transaction().map_err(OpenError::of_sqlite(path))?;
    check(path, &look)?;
    drop(look);
    prepare(&mut connection).map_err(OpenError::of_sqlite(path))?;

    // Two programs may be making the same file, so what to do is decided under the lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = transaction.map_err(OpenError::of_sqlite(path))?;
    let steps_done = check(path, &transaction)?;
    schema::migrate(&transaction, steps_done).map_err(OpenError::of_sqlite(path))?;
    let log = transaction.query_row("SELECT id FROM log", [], |row| row.get(0).map(LogId));
    let log = log.map_err(OpenError::of_sqlite(path))?;
    transaction.commit().map_err(OpenError::of_sqlite(path))?;
    Ok(Opened { path: path.to_owned(), connection, log })
}

/// Opens one more connection, for reading alone.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    // In KiB. The upper levels of the trees of millions of rows, and what is asked for often: what is not in it is a call
    // of the system's for each page.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

fn connect(path: &Path, more: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite need not lock it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A damaged page is found when it is read, not when it has misled a search.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// How many of the schema's steps the file has seen.
fn check(path: &Path, connection: &Connection) -> Result<usize, OpenError> {
    match schema::find(connection).map_err(OpenError::of_sqlite(path))? {
        Found::Ours { steps_done } => Ok(steps_done),
        Found::Newer => Err(OpenError::Newer { path: path.to_owned() }),
        Found::Foreign => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

/// Sets a connection up for writing.
fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // In KiB. What one large batch changes fits, and need not go to the log before the commit, page by page.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // Where the system's `fsync` stops short of the disk, as on macOS, ask for the one that does not.
    connection.pragma_update(None, "fullfsync", true)
}
