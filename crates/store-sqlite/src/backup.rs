//! A copy of a database, while others write it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use tempfile::TempPath;

use crate::{
    backup_error::BackupError,
    connection,
    open_error::OpenError,
    schema::{self, Found},
};

/// Pages of one step: 4 MiB, so that progress is visible and the cost of a step does not matter.
const PAGES_PER_STEP: i32 = 1_024;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Pages are copied.
    Copying {
        /// Pages that are copied.
        done: u64,
        /// Pages of the database.
        of: u64,
    },
    /// The copy is complete, and is checked.
    Checking,
}

/// Copies the database `from` into the new file `to`, while servers read and write `from`. Blocks until that is done.
///
/// The copy is one snapshot: all of a transaction or nothing of it. It has every write that was acknowledged before the
/// call, those in the write-ahead log too. It is one file of mode 0600 without companions, which SQLite has checked. Until
/// then it has another name, `.NAME.….partial`, in the same folder.
///
/// # Errors
///
/// [`BackupError`]; then `to` is as it was. An existing file is never replaced.
pub fn backup(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    mut progress: impl FnMut(Progress),
) -> Result<(), BackupError> {
    let (from, to) = (absolute(from.as_ref())?, absolute(to.as_ref())?);
    if fs::symlink_metadata(&to).is_ok() {
        return Err(BackupError::Exists { path: to });
    }
    let copy = copy(&from, &to, &mut progress)?;
    copy.persist_noclobber(&to).map_err(|failed| match failed.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists { path: to.clone() },
        _ => BackupError::Io { path: to.clone(), source: failed.error.into() },
    })?;
    sync_folder(&to)
}

/// A checked copy of the database `from`, in the folder of `beside`. It is deleted when it is dropped.
pub(crate) fn copy(from: &Path, beside: &Path, progress: &mut dyn FnMut(Progress)) -> Result<TempPath, BackupError> {
    let reading = || BackupError::from_sqlite(from);
    // SQLite would say the same of a missing file and of a missing right.
    fs::metadata(from).map_err(OpenError::from_io(from))?;
    let mut source = connection::connect(from).map_err(reading())?;
    // One read transaction for all steps: a snapshot, so writers neither wait nor make the copy begin again.
    let snapshot = source.transaction().map_err(reading())?;
    match schema::find(&snapshot).map_err(reading())? {
        Found::Ours { steps_done: 0 } => return Err(BackupError::Empty { path: from.to_owned() }),
        Found::Ours { .. } => (),
        Found::Newer => return Err(OpenError::Newer { path: from.to_owned() }.into()),
        Found::Foreign => return Err(OpenError::Foreign { path: from.to_owned() }.into()),
    }

    let writing = || BackupError::from_writing(beside);
    let copy = partial(beside).map_err(BackupError::from_io(beside))?;
    let mut target = connection::connect(&copy).map_err(writing())?;
    let steps = Backup::new(&snapshot, &mut target).map_err(writing())?;
    while steps.step(PAGES_PER_STEP).map_err(writing())? != StepResult::Done {
        let now = steps.progress();
        let [of, remaining] = [now.pagecount, now.remaining].map(|pages| u64::try_from(pages).unwrap_or(0));
        progress(Progress::Copying { done: of.saturating_sub(remaining), of });
    }
    drop(steps);
    drop(target);

    progress(Progress::Checking);
    // A new connection reads what is on the disk. Without WAL the copy is one file, and can be read where nobody may write.
    let target = connection::connect(&copy).map_err(writing())?;
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(writing())?;
    match integrity(&target) {
        Ok(None) => Ok(copy),
        Ok(Some(problem)) => Err(BackupError::Damaged { path: from.to_owned(), problem }),
        Err(error) => Err(BackupError::Damaged { path: from.to_owned(), problem: error.to_string() }),
    }
}

/// The first problem that SQLite finds.
fn integrity(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then(|| found.replace('\n', " ")))
}

/// A new, empty file beside `path`, for its owner alone.
fn partial(path: &Path) -> io::Result<TempPath> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(path);
    let file = tempfile::Builder::new().prefix(&format!(".{name}.")).suffix(".partial").tempfile_in(folder)?;
    // Closed before SQLite opens it: closing a file drops all locks of the process on it.
    Ok(file.into_temp_path())
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, BackupError> {
    std::path::absolute(path).map_err(BackupError::from_io(path))
}

/// Makes the name of a new file durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    fs::File::open(path.parent().unwrap_or(path))
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::from_io(path))?;
    Ok(())
}
