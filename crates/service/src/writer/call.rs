//! A caller of the writer, and how its batch ends.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use conversation_settings_core::Timestamp;
use conversation_settings_store::{Applied, StoreError, Wanted};
use tokio::sync::oneshot;
use tracing::error;

use crate::Clock;

pub(super) type Settled = Result<Applied, WriteError>;

/// Why a batch failed.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The store failed.
    Store(StoreError),
    /// The store panicked: what is stored is unknown.
    Panicked,
    /// The runtime stopped: what is stored is unknown.
    Stopped,
    /// The queue is full: nothing is stored.
    Full,
}

impl From<WriteError> for StoreError {
    fn from(error: WriteError) -> Self {
        let source = match error {
            WriteError::Store(error) => return error,
            WriteError::Panicked => "the store panicked",
            WriteError::Stopped => "the runtime stopped before the batch ended",
            WriteError::Full => "too many writes wait; nothing was written",
        };
        Self::Unavailable { store: super::NAME, source: source.into() }
    }
}

/// Runs after a commit and before another batch of the same owners starts.
pub(super) type AfterCommit = Box<dyn FnOnce(&Applied) + Send>;

/// A caller that waits for its batch.
pub(super) struct Call {
    pub(super) at: CreatedAt,
    /// Whether somebody still waits. Nobody waits for a batch whose caller was dropped.
    pub(super) wanted: Wanted,
    pub(super) after_commit: Option<AfterCommit>,
    pub(super) reply: oneshot::Sender<Settled>,
    /// Set when the batch has ended; sent once its owners are free again.
    pub(super) settled: Option<Settled>,
}

/// The creation time of what a batch creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CreatedAt {
    /// The time at which the transaction starts.
    Start,
    /// This time.
    At(Timestamp),
}

impl CreatedAt {
    pub(super) fn resolve(self, clock: &Arc<dyn Clock>) -> Timestamp {
        match self {
            Self::Start => clock.now(),
            Self::At(at) => at,
        }
    }
}

impl Call {
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_wanted()
    }

    /// Records how the batch ended, and runs what follows a commit.
    pub(super) fn settle(&mut self, settled: Settled) {
        if let (Ok(applied), Some(after_commit)) = (&settled, self.after_commit.take()) {
            // The batch is stored, so its caller gets the effects even if what follows fails.
            if catch_unwind(AssertUnwindSafe(|| after_commit(applied))).is_err() {
                error!("a panic after a commit: events of the batch may be lost");
            }
        }
        self.settled = Some(settled);
    }

    /// Gives the caller its result. A caller that was dropped does not get one.
    pub(super) fn send(self) {
        if let Some(settled) = self.settled {
            drop(self.reply.send(settled));
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("at", &self.at).field("settled", &self.settled).finish_non_exhaustive()
    }
}
