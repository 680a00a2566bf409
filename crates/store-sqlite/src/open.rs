//! Opening a database file.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use conversation_settings_store::LogId;
use rusqlite::{Connection, MAIN_DB, TransactionBehavior};

use crate::{
    connection::{self, BUSY_TIMEOUT},
    files::{self, Files, Identity},
    open_error::OpenError,
    schema::{self, Found},
};

/// An open database file of this version.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    /// Set up for writing.
    pub(crate) connection: Connection,
    pub(crate) log: LogId,
    pub(crate) files: Files,
}

/// Opens or creates the file at `path`, and migrates it to this version. Leaves a file of another program as it is.
pub(crate) fn open(path: &Path) -> Result<Opened, OpenError> {
    // SQLite gives some names, such as ":memory:", another meaning; an absolute path always means a file. It also stays
    // valid if the process changes its folder.
    let path = std::path::absolute(path).map_err(OpenError::from_io(path))?;
    files::create(&path).map_err(OpenError::from_io(&path))?;
    let start = Instant::now();
    loop {
        match try_open(&path) {
            // Of several that create the file at once, SQLite fails all but one without waiting, to prevent a deadlock.
            Err(OpenError::Locked { .. }) if start.elapsed() < BUSY_TIMEOUT => pause(),
            opened => return opened,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "polls for a lock, bounded")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

fn try_open(path: &Path) -> Result<Opened, OpenError> {
    let failed = || OpenError::from_sqlite(path);
    let identity = || Identity::of(path).map_err(OpenError::from_io(path));
    let mut opened_as = identity()?;
    let mut connection = connection::connect(path).map_err(failed())?;
    // An overlay file system, as containers have, copies a file of a lower layer when it is opened for writing.
    if identity()? != opened_as {
        opened_as = identity()?;
        connection = connection::connect(path).map_err(failed())?;
    }
    // SQLite opens such a file for reading alone, and fails every write later.
    if connection.is_readonly(MAIN_DB).map_err(failed())? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    // In a transaction: a commit between two of its reads could make the file look like another program's.
    let transaction = connection.transaction().map_err(failed())?;
    check(path, &transaction)?;
    drop(transaction);
    connection::set_up_writer(&mut connection).map_err(failed())?;

    // Another process may be creating the same file, so look again under the lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
    let steps_done = check(path, &transaction)?;
    schema::migrate(&transaction, steps_done).map_err(failed())?;
    let log = transaction.query_row("SELECT id FROM log", [], |row| row.get(0).map(LogId)).map_err(failed())?;
    transaction.commit().map_err(failed())?;
    let files = Files::watch(path, opened_as).map_err(OpenError::from_io(path))?;
    Ok(Opened { path: path.to_owned(), connection, log, files })
}

/// How many of the schema's steps the file has seen.
fn check(path: &Path, connection: &Connection) -> Result<usize, OpenError> {
    match schema::find(connection).map_err(OpenError::from_sqlite(path))? {
        Found::Ours { steps_done } => Ok(steps_done),
        Found::Newer => Err(OpenError::Newer { path: path.to_owned() }),
        Found::Foreign => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}
