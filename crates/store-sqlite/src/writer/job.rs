//! Work for the writer's thread, and how it ends for its caller.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use conversation_settings_store::Wanted;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    error::{Error, Gone},
    metrics::Queued,
};

/// A job that stores more records than this shares no transaction: small ones must not wait for several large ones.
pub(super) const LARGE: usize = 1_000;

/// A [`Task`] of any type.
pub(super) trait Job: Send {
    /// Whether nobody waits for the job.
    fn is_unwanted(&self) -> bool;
    /// Whether the job must run in a transaction of its own.
    fn is_large(&self) -> bool;
    /// Does the work and keeps its result. Returns whether the transaction can go on.
    fn work(&mut self, connection: &Connection) -> bool;
    /// Sends the result to the caller, given how the transaction ended. Sets `is_unwritable` before, if the files could not
    /// be written.
    fn finish(self: Box<Self>, outcome: &TxOutcome, is_unwritable: &AtomicBool);
}

pub(super) struct Task<T, W> {
    pub(super) work: W,
    /// How many records the work may store.
    pub(super) records: usize,
    pub(super) wanted: Wanted,
    pub(super) result: Option<Result<T, Error>>,
    pub(super) sender: oneshot::Sender<Result<T, Error>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: Fn(&Connection) -> Result<T, Error> + Send,
{
    fn is_unwanted(&self) -> bool {
        self.sender.is_closed() || !self.wanted.is_wanted()
    }

    fn is_large(&self) -> bool {
        self.records > LARGE
    }

    fn work(&mut self, connection: &Connection) -> bool {
        // A panic fails this job alone; the thread serves all other callers.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(connection))).unwrap_or(Err(Error::Panic));
        // A rejected batch has written nothing, so the transaction can go on.
        matches!(self.result.insert(result), Ok(_) | Err(Error::Rejected(_)))
    }

    fn finish(self: Box<Self>, outcome: &TxOutcome, is_unwritable: &AtomicBool) {
        let result = match (self.result, outcome) {
            (_, TxOutcome::Unwanted) => Err(Error::Unwanted),
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), TxOutcome::Committed) => Ok(value),
            (_, TxOutcome::NotBegun(failure) | TxOutcome::NotCommitted(failure)) => Err(failure.into()),
            (_, TxOutcome::Committed | TxOutcome::RolledBack) => Err(Error::Panic),
        };
        if result.as_ref().is_err_and(Error::is_unwritable) {
            is_unwritable.store(true, Ordering::Relaxed);
        }
        // Fails only if the caller has given up.
        let _ = self.sender.send(result);
    }
}

/// How a transaction ended.
pub(super) enum TxOutcome {
    Committed,
    NotBegun(Failure),
    /// A job failed.
    RolledBack,
    NotCommitted(Failure),
    /// It was not tried: nobody wants the job.
    Unwanted,
}

/// Why a transaction failed: the error of all its jobs.
pub(super) enum Failure {
    Sqlite(Arc<rusqlite::Error>),
    Gone(Gone),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.into())
    }
}

impl From<&Failure> for Error {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Sqlite(error) => Self::Sqlite(Arc::clone(error)),
            Failure::Gone(gone) => Self::Gone(gone.clone()),
        }
    }
}

/// A job in the queue. It counts as queued until it is taken out.
pub(super) struct QueuedJob {
    pub(super) job: Box<dyn Job>,
    pub(super) _queued: Queued,
}

impl QueuedJob {
    /// The job, which leaves the queue's metric before its caller can see a result.
    pub(super) fn into_job(self) -> Box<dyn Job> {
        self.job
    }
}
