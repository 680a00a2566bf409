//! Connections to a database file, and their settings.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

/// How long a connection waits for another one's transaction to end.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to the file, and creates it if it does not exist.
pub(crate) fn connect_or_create(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_CREATE)
}

/// Sets a connection up for writing.
pub(crate) fn set_up_writer(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // In KiB. Holds the pages that one large batch changes, so that they need not be written before the commit.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // On macOS plain `fsync` does not reach the disk.
    connection.pragma_update(None, "fullfsync", true)
}

/// Opens a connection that only reads.
pub(crate) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    // In KiB. Holds the upper levels of the trees of millions of rows: each page that is not cached costs a system call.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

fn connect(path: &Path, more: OpenFlags) -> rusqlite::Result<Connection> {
    // One thread at a time uses a connection, so SQLite need not lock it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Detects a damaged page on reading, before it misleads a search.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}
