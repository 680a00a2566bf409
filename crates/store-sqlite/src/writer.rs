//! The thread that writes, and group commit.

mod job;

use std::{
    io, iter,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use conversation_settings_store::Wanted;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::{
    connection,
    error::Error,
    files::Files,
    metrics::{CommitMetrics, Queued},
};

use job::{Failure, Job, QueuedJob, Task, TxOutcome};

/// How long a transaction accepts queued jobs: a rush of large batches must not delay the first result.
pub(crate) const GROUP_COMMIT_WINDOW: Duration = Duration::from_millis(20);

/// A handle to the writer's thread. Dropping it finishes the jobs that have begun and closes the database.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while being dropped.
    queue: Option<mpsc::UnboundedSender<QueuedJob>>,
    is_unwritable: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection, files: Arc<Files>, group_commit_window: Duration) -> io::Result<Self> {
        // Unbounded: a caller that waits for a slot would hold its batch as well, and would miss the answer that all
        // queued jobs get when a transaction cannot begin.
        let (queue, queued) = mpsc::unbounded_channel();
        let is_unwritable = Arc::<AtomicBool>::default();
        let mut worker = Worker {
            connection,
            files,
            queued,
            next: None,
            group_commit_window,
            is_unwritable: Arc::clone(&is_unwritable),
            metrics: CommitMetrics::new(),
        };
        let thread = thread::Builder::new().name("conversation-store-sqlite-writer".into()).spawn(move || {
            while let Some(first) = worker.wait() {
                worker.commit_group(first);
            }
        })?;
        Ok(Self { queue: Some(queue), is_unwritable, thread: Some(thread) })
    }

    /// Runs `work`, which stores at most `records` records, in a transaction and returns its result after the commit. A
    /// failure leaves no changes. If nobody wants it when its turn comes, it does not run.
    ///
    /// `work` runs again in a transaction of its own if another job of the group fails.
    pub(crate) async fn run<T, W>(&self, records: usize, wanted: Wanted, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(Task { work, records, wanted, result: None, sender });
        let queue = self.queue.as_ref().ok_or(Error::Stopped)?;
        queue.send(QueuedJob { job, _queued: Queued::new() }).map_err(|_| Error::Stopped)?;
        receiver.await.map_err(|_| Error::Stopped)?
    }

    /// Whether a transaction failed for lack of space or rights, and none of [`probe`](Self::probe) succeeded since.
    pub(crate) fn is_unwritable(&self) -> bool {
        self.is_unwritable.load(Ordering::Relaxed)
    }

    /// Writes a page, to learn whether the files can be written again.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        let write = |connection: &Connection| {
            // SQLite compares the values of rows and skips a page that stays the same, but not the one with this number.
            let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok(connection.pragma_update(None, "user_version", version)?)
        };
        self.run(1, Wanted::ALWAYS, write).await?;
        self.is_unwritable.store(false, Ordering::Relaxed);
        Ok(())
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

/// What the writer's thread owns.
struct Worker {
    connection: Connection,
    files: Arc<Files>,
    queued: mpsc::UnboundedReceiver<QueuedJob>,
    /// A large job, taken out of the queue while a group was collected.
    next: Option<Box<dyn Job>>,
    group_commit_window: Duration,
    is_unwritable: Arc<AtomicBool>,
    metrics: CommitMetrics,
}

impl Worker {
    /// Waits for a job; `None` when the store is closed and no job is left.
    fn wait(&mut self) -> Option<Box<dyn Job>> {
        self.next.take().or_else(|| self.queued.blocking_recv().map(QueuedJob::into_job))
    }

    /// Commits `first` together with queued jobs.
    fn commit_group(&mut self, first: Box<dyn Job>) {
        if first.is_unwanted() {
            return self.finish(vec![first], &TxOutcome::Unwanted);
        }
        let start = Instant::now();
        let Self { connection, files, queued, next, group_commit_window, .. } = self;
        let is_alone = first.is_large();
        let mut first = Some(first);
        let joining = iter::from_fn(|| {
            if is_alone || next.is_some() || start.elapsed() >= *group_commit_window {
                return None;
            }
            let job = queued.try_recv().ok()?.into_job();
            if job.is_large() {
                *next = Some(job);
                return None;
            }
            Some(job)
        });
        let transaction = transact(connection, files, iter::from_fn(|| first.take()).chain(joining));
        self.finish(transaction.unwanted, &TxOutcome::Unwanted);
        match transaction.outcome {
            // Every job that waits would wait for the same lock again, so they fail together.
            outcome @ TxOutcome::NotBegun(_) => {
                let waiting = iter::from_fn(|| self.queued.try_recv().ok()).map(QueuedJob::into_job);
                let all = first.into_iter().chain(self.next.take()).chain(waiting).collect();
                self.finish(all, &outcome);
            }
            // One job's failure must not fail the others: run each alone.
            TxOutcome::RolledBack | TxOutcome::NotCommitted(Failure::Sqlite(_)) if transaction.group.len() > 1 => {
                for job in transaction.group {
                    let alone = transact(&mut self.connection, &self.files, iter::once(job));
                    self.finish(alone.unwanted, &TxOutcome::Unwanted);
                    self.finish(alone.group, &alone.outcome);
                }
            }
            outcome => self.finish(transaction.group, &outcome),
        }
        self.shrink_log();
    }

    fn finish(&self, group: Vec<Box<dyn Job>>, outcome: &TxOutcome) {
        if matches!(outcome, TxOutcome::Committed) {
            self.metrics.record(group.len());
        }
        for job in group {
            job.finish(outcome, &self.is_unwritable);
        }
    }

    /// Empties a write-ahead log that a large batch has left, unless a reader still needs it.
    fn shrink_log(&self) {
        if self.files.log_bytes() > connection::MAX_LOG_BYTES.into() {
            // A failure is no caller's: the log stays as it is until the next group.
            let _ = connection::empty_log(&self.connection);
        }
    }
}

/// Jobs that ran in one transaction.
struct Transaction {
    group: Vec<Box<dyn Job>>,
    outcome: TxOutcome,
    /// Jobs that nobody wanted when their turn came.
    unwanted: Vec<Box<dyn Job>>,
}

/// Runs jobs in one transaction until one fails. Takes none if the transaction cannot begin.
///
/// Jobs share no savepoints: within one, SQLite copies each page before it changes it. That made a batch of 1,000 users
/// a third slower, and nearly every failure is one of the disk, which fails all jobs anyway.
fn transact(connection: &mut Connection, files: &Files, jobs: impl Iterator<Item = Box<dyn Job>>) -> Transaction {
    let (mut group, mut unwanted) = (Vec::new(), Vec::new());
    let outcome = 'transaction: {
        let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => transaction,
            Err(error) => break 'transaction TxOutcome::NotBegun(Failure::Sqlite(error.into())),
        };
        for mut job in jobs {
            if job.is_unwanted() {
                unwanted.push(job);
                continue;
            }
            let is_done = job.work(&transaction);
            group.push(job);
            if !is_done {
                break 'transaction TxOutcome::RolledBack;
            }
        }
        // Nobody could read a commit into files that are not at their paths any more.
        if let Err(gone) = files.check() {
            break 'transaction TxOutcome::NotCommitted(Failure::Gone(gone));
        }
        match transaction.commit() {
            Ok(()) => TxOutcome::Committed,
            Err(error) => TxOutcome::NotCommitted(Failure::Sqlite(error.into())),
        }
    };
    Transaction { group, outcome, unwanted }
}
