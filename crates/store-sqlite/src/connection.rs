//! Connections to a database file, and their settings.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

/// How long a connection waits for another one's transaction to end.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The size to which the write-ahead log is cut after a larger one was copied into the database, in bytes. Ordinary
/// writes keep it at 4 MiB.
pub(crate) const MAX_LOG_BYTES: u32 = 64 << 20;

/// Sets a connection up for writing.
pub(crate) fn set_up_writer(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // In KiB. Holds the pages that one large batch changes, so that they need not be written before the commit.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // The next write after a checkpoint cuts a larger log.
    connection.pragma_update_and_check(None, "journal_size_limit", MAX_LOG_BYTES, |_| Ok(()))?;
    // On macOS plain `fsync` does not reach the disk.
    connection.pragma_update(None, "fullfsync", true)
}

/// Copies the write-ahead log into the database and empties it, if no other connection uses it now.
pub(crate) fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    emptied
}

/// Opens a connection that only reads.
pub(crate) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    // In KiB. Holds the upper levels of the trees of millions of rows: each page that is not cached costs a system call.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

/// Connects to the file, which exists.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // One thread at a time uses a connection, so SQLite need not lock it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Detects a damaged page on reading, before it misleads a search.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}
