//! The files of a database: created for their owner alone, and watched while they are open.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::error::Gone;

/// How long reads trust the last check. A write always checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Creates the database file and its folder if they are missing. Only their owner can read them; SQLite gives its other
/// files the mode of the database file.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    /// Closing a file drops the process's locks on it, those of SQLite too. So no other thread may open the file between
    /// its creation and its closing here.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = path.parent().unwrap_or(path);
    create_folder(path)?;
    create_new(path)?;
    match fs::read_link(path) {
        // A symbolic link to a file that does not exist yet.
        Ok(target) if !path.exists() => create_new(&folder.join(target)),
        _ => Ok(()),
    }
}

/// Creates the folder of the file at `path` if it is missing.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    private_folders().create(path.parent().unwrap_or(path))
}

fn create_new(path: &Path) -> io::Result<()> {
    match private_files().write(true).create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn private_folders() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_files() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The files of an open database. If one of them is deleted or replaced, SQLite goes on with a file that no other program
/// can open, and what it writes there is lost.
#[derive(Debug)]
pub(crate) struct Files {
    watched: Vec<(Arc<Path>, Identity)>,
    log: PathBuf,
    opened: Instant,
    /// When the next read checks, in milliseconds after `opened`.
    next_check: AtomicU64,
}

/// The device and inode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path)?;
        Ok(Self(metadata.dev(), metadata.ino()))
    }

    /// Other systems do not delete or replace an open file.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|_| Self(0, 0))
    }
}

impl Files {
    /// Watches the files of the database at `path`, which a connection has open. `database` is the identity of the
    /// file before it was opened.
    pub(crate) fn watch(path: &Path, database: Identity) -> io::Result<Self> {
        // SQLite puts the other files beside the file that a symbolic link points to.
        let target = fs::canonicalize(path)?;
        let [log, index] = ["-wal", "-shm"].map(|end| {
            let mut name = target.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        });
        let identity = |path: &Path| Ok::<_, io::Error>((Arc::from(path), Identity::of(path)?));
        let watched = vec![(Arc::from(path), database), identity(&log)?, identity(&index)?];
        Ok(Self { watched, log, opened: Instant::now(), next_check: AtomicU64::new(0) })
    }

    /// Checks that every file is where it was when the database was opened.
    pub(crate) fn check(&self) -> Result<(), Gone> {
        for (path, identity) in &self.watched {
            if Identity::of(path).ok() != Some(*identity) {
                self.next_check.store(0, Ordering::Relaxed);
                return Err(Gone(Arc::clone(path)));
            }
        }
        Ok(())
    }

    /// As [`check`](Self::check), but at most once a second while nothing is wrong.
    pub(crate) fn check_sometimes(&self) -> Result<(), Gone> {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < self.next_check.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.check()?;
        let interval = u64::try_from(CHECK_INTERVAL.as_millis()).unwrap_or(u64::MAX);
        self.next_check.store(now.saturating_add(interval), Ordering::Relaxed);
        Ok(())
    }

    /// The size of the write-ahead log, in bytes.
    pub(crate) fn log_bytes(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |metadata| metadata.len())
    }
}
