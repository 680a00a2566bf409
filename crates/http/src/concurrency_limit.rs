//! How many calls run at the same time.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tracing::warn;

/// The shortest time between two log lines about rejected calls: a line per call adds load to an overloaded server.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Limits concurrent calls. Cheap to clone; clones share the permits.
///
/// Excess calls are rejected, not queued: a queue only adds latency and memory.
#[derive(Clone, Debug)]
pub(crate) struct ConcurrencyLimit {
    limit: usize,
    permits: Arc<Semaphore>,
    rejections: Arc<Mutex<Rejections>>,
}

/// The right to run. Dropping it frees it for another call.
pub(crate) type Permit = OwnedSemaphorePermit;

#[derive(Debug, Default)]
struct Rejections {
    unlogged: u64,
    last_logged: Option<Instant>,
}

impl ConcurrencyLimit {
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { limit, permits: Arc::new(Semaphore::new(limit)), rejections: Arc::default() }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether calls can exceed it.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit < Semaphore::MAX_PERMITS
    }

    /// A permit, if one is free.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        // The semaphore is never closed, so the only error is that no permit is free.
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Counts a rejected call, and logs the count from time to time.
    pub(crate) fn log_rejection(&self) {
        let mut rejections = self.rejections.lock().unwrap_or_else(PoisonError::into_inner);
        rejections.unlogged += 1;
        if rejections.last_logged.is_some_and(|logged| logged.elapsed() < LOG_INTERVAL) {
            return;
        }
        rejections.last_logged = Some(Instant::now());
        let calls = mem::take(&mut rejections.unlogged);
        drop(rejections);
        warn!(calls, limit = self.limit, "overloaded: rejected these calls since the last such line");
    }
}
