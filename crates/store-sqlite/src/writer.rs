//! The thread that writes, and group commit.

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
    metrics::{CommitMetrics, Queued},
};

/// How many jobs may be queued. Further callers wait for a free slot.
const QUEUE_CAPACITY: usize = 1_024;

/// How long a transaction accepts queued jobs: a rush of large batches must not delay the first result.
pub(crate) const GROUP_COMMIT_WINDOW: Duration = Duration::from_millis(20);

/// A handle to the writer's thread. Dropping it finishes the jobs that have begun and closes the database.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while being dropped.
    queue: Option<mpsc::Sender<QueuedJob>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection, group_commit_window: Duration) -> io::Result<Self> {
        let (queue, queued) = mpsc::channel(QUEUE_CAPACITY);
        let mut worker = Worker { connection, queued, group_commit_window, metrics: CommitMetrics::new() };
        let thread = thread::Builder::new().name("conversation-store-sqlite-writer".into()).spawn(move || {
            while let Some(first) = worker.queued.blocking_recv() {
                worker.commit_group(first.into_job());
            }
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a transaction and returns its result after the commit. A failure leaves no changes.
    ///
    /// `work` runs again in a transaction of its own if another job of the group fails.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(Task { work, result: None, sender });
        let queue = self.queue.as_ref().ok_or(Error::Stopped)?;
        queue.send(QueuedJob { job, _queued: Queued::new() }).await.map_err(|_| Error::Stopped)?;
        receiver.await.map_err(|_| Error::Stopped)?
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

struct QueuedJob {
    job: Box<dyn Job>,
    _queued: Queued,
}

impl QueuedJob {
    /// The job, which leaves the queue's metric before its caller can see a result.
    fn into_job(self) -> Box<dyn Job> {
        self.job
    }
}

/// A [`Task`] of any type.
trait Job: Send {
    /// Whether the caller has given up.
    fn is_abandoned(&self) -> bool;
    /// Does the work and keeps its result. Returns whether the transaction can go on.
    fn work(&mut self, connection: &Connection) -> bool;
    /// Sends the result to the caller, given how the transaction ended.
    fn finish(self: Box<Self>, outcome: &TxOutcome);
}

struct Task<T, W> {
    work: W,
    result: Option<Result<T, Error>>,
    sender: oneshot::Sender<Result<T, Error>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: Fn(&Connection) -> Result<T, Error> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.sender.is_closed()
    }

    fn work(&mut self, connection: &Connection) -> bool {
        // A panic fails this job alone; the thread serves all other callers.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(connection))).unwrap_or(Err(Error::Panic));
        // A rejected batch has written nothing, so the transaction can go on.
        matches!(self.result.insert(result), Ok(_) | Err(Error::Rejected(_)))
    }

    fn finish(self: Box<Self>, outcome: &TxOutcome) {
        let result = match (self.result, outcome) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), TxOutcome::Committed) => Ok(value),
            (_, TxOutcome::NotBegun(error) | TxOutcome::NotCommitted(error)) => Err(Error::Sqlite(Arc::clone(error))),
            (_, TxOutcome::Committed | TxOutcome::RolledBack) => Err(Error::Panic),
        };
        // Fails only if the caller has given up.
        let _ = self.sender.send(result);
    }
}

/// How a transaction ended.
enum TxOutcome {
    Committed,
    NotBegun(Arc<rusqlite::Error>),
    /// A job failed.
    RolledBack,
    NotCommitted(Arc<rusqlite::Error>),
}

/// What the writer's thread owns.
struct Worker {
    connection: Connection,
    queued: mpsc::Receiver<QueuedJob>,
    group_commit_window: Duration,
    metrics: CommitMetrics,
}

impl Worker {
    /// Commits `first` together with queued jobs.
    fn commit_group(&mut self, first: Box<dyn Job>) {
        let start = Instant::now();
        let Self { connection, queued, group_commit_window, .. } = self;
        let queued =
            iter::from_fn(|| if start.elapsed() < *group_commit_window { queued.try_recv().ok() } else { None });
        let jobs = iter::once(first).chain(queued.map(QueuedJob::into_job));
        let (group, outcome) = transact(connection, jobs.filter(|job| !job.is_abandoned()));
        match outcome {
            // One job's failure must not fail the others: run each alone.
            TxOutcome::RolledBack | TxOutcome::NotCommitted(_) if group.len() > 1 => {
                for job in group {
                    let (alone, outcome) = transact(&mut self.connection, iter::once(job));
                    self.finish(alone, &outcome);
                }
            }
            outcome => self.finish(group, &outcome),
        }
    }

    fn finish(&self, group: Vec<Box<dyn Job>>, outcome: &TxOutcome) {
        if matches!(outcome, TxOutcome::Committed) {
            self.metrics.record(group.len());
        }
        for job in group {
            job.finish(outcome);
        }
    }
}

/// Runs jobs in one transaction until one fails.
///
/// Jobs share no savepoints: within one, SQLite copies each page before it changes it. That made a batch of 1,000 users
/// a third slower, and nearly every failure is one of the disk, which fails all jobs anyway.
fn transact(connection: &mut Connection, jobs: impl Iterator<Item = Box<dyn Job>>) -> (Vec<Box<dyn Job>>, TxOutcome) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        // Queued jobs would wait for the same lock again, so they fail together.
        Err(error) => return (jobs.collect(), TxOutcome::NotBegun(error.into())),
    };
    let mut group = Vec::new();
    for mut job in jobs {
        let is_done = job.work(&transaction);
        group.push(job);
        if !is_done {
            return (group, TxOutcome::RolledBack);
        }
    }
    match transaction.commit() {
        Ok(()) => (group, TxOutcome::Committed),
        Err(error) => (group, TxOutcome::NotCommitted(error.into())),
    }
}
