//! The commands that back an SQLite store up and restore it.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
};

use conversation_settings_store_sqlite::{self as sqlite, Progress};

use crate::{
    error::StartError,
    store::{self, Location},
};

/// Copies the store into the new file `to`.
pub(crate) fn backup(location: &Location, to: &Path) -> Result<(), StartError> {
    let from = store::file(location)?;
    let mut bar = Bar::new();
    let copied = sqlite::backup(from, to, |progress| bar.show(progress));
    drop(bar);
    copied.map_err(StartError::backup)?;
    let bytes = fs::metadata(to)?.len();
    Ok(writeln!(io::stdout(), "Backed up {location} to {} ({bytes} bytes, checked).", to.display())?)
}

/// Puts the backup `from` in the place of the store.
pub(crate) fn restore(location: &Location, from: &Path) -> Result<(), StartError> {
    let to = store::file(location)?;
    let mut bar = Bar::new();
    let restored = sqlite::restore(from, to, |progress| bar.show(progress));
    drop(bar);
    let restored = restored.map_err(StartError::backup)?;
    let mut out = io::stdout();
    writeln!(out, "Restored {} to {location}. Every client will sync in full.", from.display())?;
    if let Some(before) = restored.before {
        writeln!(out, "The database from before is {}.", before.display())?;
    }
    Ok(())
}

/// Progress in one line of a terminal; nothing elsewhere, where it would fill a log.
struct Bar {
    is_terminal: bool,
    percent: Option<u64>,
}

impl Bar {
    fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), percent: None }
    }

    fn show(&mut self, progress: Progress) {
        let text = match progress {
            Progress::Copying { done, of } => {
                let percent = done.saturating_mul(100) / of.max(1);
                if self.percent.replace(percent) == Some(percent) {
                    return;
                }
                format!("copying: {percent} %")
            }
            Progress::Checking => "checking".to_owned(),
            _ => return,
        };
        self.write(&text);
    }

    /// Replaces the line.
    fn write(&self, text: &str) {
        if self.is_terminal {
            // A terminal that is gone does not end the work.
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    }
}

impl Drop for Bar {
    /// Leaves the line empty for the result or an error.
    fn drop(&mut self) {
        self.write("");
    }
}
