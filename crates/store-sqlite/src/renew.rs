//! A new log identity for a file that another tool has restored.

use std::{fs, path::Path};

use crate::{
    backup,
    backup_error::BackupError,
    open_error::OpenError,
    restore::lock,
    schema::{self, Found},
};

/// Gives the log of the database at `path`, which no program may have open, a new identity, so that every client syncs in
/// full. [`restore`](crate::restore()) does it too; this is for a file that another tool has put back.
///
/// # Errors
///
/// [`BackupError`]; then the log keeps its identity.
pub fn renew_log(path: impl AsRef<Path>) -> Result<(), BackupError> {
    let path = backup::absolute(path.as_ref())?;
    fs::metadata(&path).map_err(OpenError::from_io(&path))?;
    let connection = lock(&path).map_err(|error| match error {
        // Its advice is for a restore.
        BackupError::Unreadable { source, .. } => source.into(),
        other => other,
    })?;
    let failed = || BackupError::from_sqlite(&path);
    match schema::find(&connection).map_err(failed())? {
        Found::Ours { steps_done: 0 } => Err(BackupError::Empty { path }),
        Found::Ours { .. } => connection.execute_batch("UPDATE log SET id = randomblob(12); COMMIT").map_err(failed()),
        Found::Newer => Err(OpenError::Newer { path }.into()),
        Found::Foreign => Err(OpenError::Foreign { path }.into()),
    }
}
