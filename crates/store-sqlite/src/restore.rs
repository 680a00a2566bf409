//! A backup in the place of a database.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};

use crate::{
    backup::{self, Progress},
    backup_error::BackupError,
    connection, files,
    open_error::OpenError,
    schema::{self, Found},
};

/// The files that SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What a restore has done.
#[derive(Debug)]
#[non_exhaustive]
pub struct Restored {
    /// The database that was there before, under its new name.
    pub before: Option<PathBuf>,
}

/// Puts a copy of `backup` in the place of the database `to`, which no program may have open. Blocks until that is done.
///
/// The copy is checked, and gets a new log identity, so every client syncs in full: versions from before the restore mean
/// nothing in it. The database that was there keeps its data as `NAME.before-restore`. At no moment is there no database at
/// `to`. `backup` stays as it is; it may be of an earlier version of this program.
///
/// # Errors
///
/// [`BackupError`]; then `to` is as it was.
pub fn restore(
    backup: impl AsRef<Path>,
    to: impl AsRef<Path>,
    mut progress: impl FnMut(Progress),
) -> Result<Restored, BackupError> {
    let (from, to) = (backup::absolute(backup.as_ref())?, backup::absolute(to.as_ref())?);
    // A symbolic link stays, and its target is replaced.
    let to = fs::canonicalize(&to).unwrap_or(to);
    if fs::canonicalize(&from).is_ok_and(|from| from == to) {
        return Err(BackupError::Itself { path: to });
    }
    fs::metadata(&from).map_err(OpenError::from_io(&from))?;
    files::create_folder(&to).map_err(BackupError::from_io(&to))?;
    let existing = if to.exists() { Some(lock(&to)?) } else { None };

    let copy = backup::copy(&from, &to, &mut progress)?;
    let renewed = connection::connect(&copy).and_then(|copy| {
        copy.execute("UPDATE log SET id = randomblob(12)", [])?;
        copy.close().map_err(|(_, error)| error)
    });
    renewed.map_err(BackupError::from_writing(&to))?;

    let failed = || BackupError::from_io(&to);
    let before = before(&to);
    if existing.is_some() {
        keep_owner(&to, &copy).map_err(failed())?;
        // A second name, and then one renaming: a crash in between leaves the old database.
        fs::hard_link(&to, &before).map_err(BackupError::from_io(&before))?;
    }
    // SQLite would apply them to the restored file.
    for end in COMPANIONS {
        match fs::rename(with_end(&to, end), with_end(&before, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed()(error)),
            _ => (),
        }
    }
    let replaced = if existing.is_some() { copy.persist(&to) } else { copy.persist_noclobber(&to) };
    replaced.map_err(|error| failed()(error.error))?;
    backup::sync_folder(&to)?;
    Ok(Restored { before: existing.map(|_| before) })
}

/// Locks the database at `path` until the connection is closed, and moves its write-ahead log into it.
pub(crate) fn lock(path: &Path) -> Result<Connection, BackupError> {
    let failed = |error: rusqlite::Error| {
        let in_use = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        match OpenError::from_sqlite(path)(error) {
            _ if in_use => BackupError::InUse { path: path.to_owned() },
            source @ OpenError::Damaged { .. } => BackupError::Unreadable { path: path.to_owned(), source },
            other => other.into(),
        }
    };
    let locked = connection::connect(path).and_then(|connection| {
        connection.busy_timeout(Duration::ZERO)?;
        Ok((schema::find(&connection)?, connection))
    });
    let (found, connection) = locked.map_err(failed)?;
    if matches!(found, Found::Foreign) {
        return Err(OpenError::Foreign { path: path.to_owned() }.into());
    }
    // SQLite leaves the mode WAL only if no other connection has the database open, idle ones included: each keeps a
    // shared lock. Then the exclusive lock keeps others out.
    let exclusive = connection
        .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
        .and_then(|()| connection.execute_batch("BEGIN EXCLUSIVE"));
    exclusive.map_err(failed)?;
    Ok(connection)
}

/// A free name for the database at `path` and its companions.
fn before(path: &Path) -> PathBuf {
    let name = |number: u64| {
        let end = if number == 1 { ".before-restore".to_owned() } else { format!(".before-restore-{number}") };
        with_end(path, end)
    };
    let is_free = |name: &PathBuf| {
        let ends = [""].into_iter().chain(COMPANIONS);
        ends.map(|end| with_end(name, end)).all(|file| fs::symlink_metadata(file).is_err())
    };
    (1..=u64::MAX).map(name).find(is_free).unwrap_or_else(|| name(1))
}

fn with_end(path: &Path, end: impl AsRef<OsStr>) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Gives `copy` the owner of the file at `path`: an administrator restores for the server's user.
#[cfg(unix)]
fn keep_owner(path: &Path, copy: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let [old, new] = [fs::metadata(path)?, fs::metadata(copy)?];
    if (old.uid(), old.gid()) == (new.uid(), new.gid()) {
        return Ok(());
    }
    chown(copy, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}
