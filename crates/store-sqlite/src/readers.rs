//! A pool of connections that read.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use crate::{
    connection::{self, BUSY_TIMEOUT},
    error::Error,
    files::Files,
};

/// How many reads run at once; further ones wait.
const MAX_READERS: usize = 8;

/// Connections for reading: opened on demand, and kept.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    files: Arc<Files>,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, files: Arc<Files>) -> Self {
        Self { path, files, permits: Arc::new(Semaphore::new(MAX_READERS)), idle: Arc::default() }
    }

    /// Runs `read`, a lookup of one row, on the caller's thread. `None` if no connection is free, the read fails, or it
    /// turns out to be larger: the caller then uses [`run`](Self::run).
    ///
    /// Such a read takes a few microseconds; a task on another thread takes several times as long.
    pub(crate) fn try_inline<T>(&self, read: impl FnOnce(&Connection) -> Result<Option<T>, Error>) -> Option<T> {
        let _permit = self.permits.try_acquire().ok()?;
        self.files.check_sometimes().ok()?;
        let connection = self.lock().pop()?;
        // The caller's thread must not wait for another program's lock; `run` may.
        let read = connection.busy_timeout(Duration::ZERO).ok().and_then(|()| read(&connection).ok().flatten());
        connection.busy_timeout(BUSY_TIMEOUT).ok()?;
        self.lock().push(connection);
        read
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `read` on a thread for blocking work, in one transaction: it sees one snapshot.
    pub(crate) async fn run<T, R>(&self, read: R) -> Result<T, Error>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let (path, files, idle) = (self.path.clone(), Arc::clone(&self.files), Arc::clone(&self.idle));
        let reading = task::spawn_blocking(move || {
            // Released when the work ends, even if the caller has given up before.
            let _permit = permit;
            let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = lock().pop();
            let mut connection = if let Some(connection) = idle {
                files.check_sometimes()?;
                connection
            } else {
                let connection = connection::connect_reader(&path);
                // A replaced file must not be read, and explains why a deleted one could not be opened.
                files.check()?;
                connection?
            };
            let result = read(&*connection.transaction()?);
            lock().push(connection);
            result
        });
        reading.await.map_err(|error| if error.is_panic() { Error::Panic } else { Error::Stopped })?
    }
}
