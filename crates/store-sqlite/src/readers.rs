//! The connections that read.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use crate::{error::Error, open};

/// How many reads run at once; further ones wait for their turn.
const MOST: usize = 8;

/// Connections for reading, opened as they are needed and kept.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, turns: Arc::new(Semaphore::new(MOST)), idle: Arc::default() }
    }

    /// Runs `read`, which looks up one row by one statement, on the caller's own thread; `None` where that cannot be at
    /// once, or `read` finds that there is more to do: then it is for [`run`](Self::run).
    ///
    /// Such a read takes a few microseconds. To hand it to another thread, and be woken by that, takes several times as
    /// long.
    pub(crate) fn run_here<T>(&self, read: impl FnOnce(&Connection) -> Result<Option<T>, Error>) -> Option<T> {
        let _turn = self.turns.try_acquire().ok()?;
        let connection = self.lock().pop()?;
        // Nothing may wait here for another program's lock. What fails is tried again where it may.
        let read = connection.busy_timeout(Duration::ZERO).ok().and_then(|()| read(&connection).ok().flatten());
        connection.busy_timeout(open::BUSY_TIMEOUT).ok()?;
        self.lock().push(connection);
        read
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `read` in a transaction, so that all it sees is of one moment.
    pub(crate) async fn run<T, R>(&self, read: R) -> Result<T, Error>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let reading = task::spawn_blocking(move || {
            // The turn is held by the work itself, which goes on even if nobody waits for it any more.
            let _turn = turn;
            let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = lock().pop();
            let mut connection = kept.map_or_else(|| open::open_reader(&path), Ok)?;
            let result = read(&*connection.transaction()?);
            lock().push(connection);
            result
        });
        reading.await.map_err(|error| if error.is_panic() { Error::Defect } else { Error::Stopped })?
    }
}
