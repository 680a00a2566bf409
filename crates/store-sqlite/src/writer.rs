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

use crate::{
    error::Error,
    metrics::{Committed, Queued},
};

/// How many jobs may wait. Past it callers wait to be let in, for as long as they care to.
const QUEUE: usize = 1_024;

/// How long a transaction takes in what waits, so that a rush of large batches does not delay the answer to the first.
const TAKING: Duration = Duration::from_millis(20);

/// The thread, and the way to it. Dropped, it finishes what it has begun and closes the database.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while being dropped.
    queue: Option<mpsc::Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(mut connection: Connection) -> io::Result<Self> {
        let (queue, mut waiting) = mpsc::channel::<Waiting>(QUEUE);
        let committed = Committed::new();
        let thread = thread::Builder::new().name("conversation-store-sqlite-writer".into()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                serve(&mut connection, first.job, &mut waiting, &committed);
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
        queue.send(Waiting { job, _queued: Queued::new() }).await.map_err(|_| Error::Stopped)?;
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

/// A job whose turn has not come.
struct Waiting {
    job: Box<dyn Job>,
    _queued: Queued,
}

/// A [`Task`] of any type.
trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work and keeps what came of it; answers whether the transaction can go on.
    fn work(&mut self, connection: &Connection) -> bool;
    /// Answers the caller, once it is known how the transaction ended.
    fn answer(self: Box<Self>, ended: &Ended);
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
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(connection))).unwrap_or(Err(Error::Defect));
        // What is rejected is so before anything of it is written.
        matches!(self.result.insert(result), Ok(_) | Err(Error::Rejected(_)))
    }

    fn answer(self: Box<Self>, ended: &Ended) {
        let result = match (self.result, ended) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ended::Committed) => Ok(value),
            (_, Ended::NotBegun(error) | Ended::NotCommitted(error)) => Err(Error::Sqlite(Arc::clone(error))),
            (_, Ended::Committed | Ended::Undone) => Err(Error::Defect),
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
    /// One of the jobs failed, and with it nothing is left of the others.
    Undone,
    /// All was done but for the commit.
    NotCommitted(Arc<rusqlite::Error>),
}

/// Commits `first` and what waits with it.
fn serve(
    connection: &mut Connection,
    first: Box<dyn Job>,
    waiting: &mut mpsc::Receiver<Waiting>,
    committed: &Committed,
) {
    let begun = Instant::now();
    let waiting = iter::from_fn(|| if begun.elapsed() < TAKING { waiting.try_recv().ok() } else { None });
    let waiting = waiting.map(|waiting| waiting.job);
    let (group, ended) = transact(connection, iter::once(first).chain(waiting).filter(|job| !job.is_abandoned()));
    match ended {
        // One must hurt no other: each alone gets what is its own.
        Ended::Undone | Ended::NotCommitted(_) if group.len() > 1 => {
            for job in group {
                let (alone, ended) = transact(connection, iter::once(job));
                answer(alone, &ended, committed);
            }
        }
        ended => answer(group, &ended, committed),
    }
}

/// Runs jobs in one transaction, until one fails.
///
/// They are not kept apart by savepoints: within one, SQLite copies each page before it is changed, which made a batch
/// of 1,000 users dearer by a third, for the sake of a failure that is nearly always one of the disk and so of all.
fn transact(connection: &mut Connection, jobs: impl Iterator<Item = Box<dyn Job>>) -> (Vec<Box<dyn Job>>, Ended) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        // Whoever waits now would wait for the same again.
        Err(error) => return (jobs.collect(), Ended::NotBegun(error.into())),
    };
    let mut group = Vec::new();
    for mut job in jobs {
        let is_done = job.work(&transaction);
        group.push(job);
        if !is_done {
            return (group, Ended::Undone);
        }
    }
    match transaction.commit() {
        Ok(()) => (group, Ended::Committed),
        Err(error) => (group, Ended::NotCommitted(error.into())),
    }
}

fn answer(group: Vec<Box<dyn Job>>, ended: &Ended, committed: &Committed) {
    if matches!(ended, Ended::Committed) {
        committed.record(group.len());
    }
    for job in group {
        job.answer(ended);
    }
}
