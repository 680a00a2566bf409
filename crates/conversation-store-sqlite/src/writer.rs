//! The one thread that writes, and how callers share its commits.

use std::{
    io, iter,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;

/// How many jobs may wait. Past it callers wait to be let in, for as long as they care to.
const QUEUE: usize = 1_024;

/// How long a transaction takes in what waits, so that a rush of large batches does not delay the answer to the first.
const TAKING: Duration = Duration::from_millis(20);

/// The thread, and the way to it. Dropped, it finishes what it has begun and closes the database.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while being dropped.
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(mut connection: Connection) -> io::Result<Self> {
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Job>>(QUEUE);
        let thread = thread::Builder::new().name("conversation-store-sqlite-writer".into()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                serve(&mut connection, first, &mut waiting);
            }
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a transaction and answers once that is committed. What fails leaves nothing behind.
    ///
    /// `work` may run again, in another transaction, when somebody else's job has taken the first one down.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Task { work, result: None, answer });
        let queue = self.queue.as_ref().ok_or(Error::Stopped)?;
        queue.send(job).await.map_err(|_| Error::Stopped)?;
        answered.await.map_err(|_| Error::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A [`Task`] of any type.
trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work and keeps what came of it; answers whether that is to be committed.
    fn work(&mut self, connection: &Connection) -> bool;
    /// Answers the caller, once it is known how the transaction ended.
    fn answer(self: Box<Self>, committed: Result<(), Arc<rusqlite::Error>>);
}

struct Task<T, W> {
    work: W,
    result: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: Fn(&Connection) -> Result<T, Error> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn work(&mut self, connection: &Connection) -> bool {
        // A panic is a defect in this job; it must not take the store down for everybody else.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(connection))).unwrap_or(Err(Error::Panicked));
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<rusqlite::Error>>) {
        let result = match (self.result, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(Error::Sqlite(error)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Error::Stopped),
        };
        // Whoever has given up meanwhile does not want to know.
        let _ = self.answer.send(result);
    }
}

/// How a transaction ended.
enum Ended {
    Committed,
    /// It could not be begun.
    NotBegun(Arc<rusqlite::Error>),
    /// It was begun, and nothing of it is left.
    Undone(Arc<rusqlite::Error>),
}

/// Commits `first` and what waits with it.
fn serve(connection: &mut Connection, first: Box<dyn Job>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) {
    let begun = Instant::now();
    let waiting = iter::from_fn(|| if begun.elapsed() < TAKING { waiting.try_recv().ok() } else { None });
    match transact(connection, iter::once(first).chain(waiting).filter(|job| !job.is_abandoned())) {
        // One took the others down with it, as a job that fills the disk does. Alone, each gets what is its own.
        (group, Ended::Undone(_)) if group.len() > 1 => {
            for job in group {
                let (alone, ended) = transact(connection, iter::once(job));
                answer(alone, &ended);
            }
        }
        (group, ended) => answer(group, &ended),
    }
}

/// Runs jobs in one transaction, each behind a savepoint, so that one that fails hurts no other.
fn transact(connection: &mut Connection, jobs: impl Iterator<Item = Box<dyn Job>>) -> (Vec<Box<dyn Job>>, Ended) {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        // Whoever waits now would wait for the same again.
        Err(error) => return (jobs.collect(), Ended::NotBegun(error.into())),
    };
    let mut group = Vec::new();
    for mut job in jobs {
        // Dropping a savepoint undoes it.
        let done = transaction
            .savepoint()
            .and_then(|savepoint| if job.work(&savepoint) { savepoint.commit() } else { Ok(()) });
        group.push(job);
        if let Err(error) = done {
            return (group, Ended::Undone(error.into()));
        }
        // On some errors SQLite ends the transaction itself: nothing may run outside of one, and the commit will say so.
        if transaction.is_autocommit() {
            break;
        }
    }
    match transaction.commit() {
        Ok(()) => (group, Ended::Committed),
        Err(error) => (group, Ended::Undone(error.into())),
    }
}

fn answer(group: Vec<Box<dyn Job>>, ended: &Ended) {
    for job in group {
        job.answer(match ended {
            Ended::Committed => Ok(()),
            Ended::NotBegun(error) | Ended::Undone(error) => Err(Arc::clone(error)),
        });
    }
}
