//! How a writer queues and merges.

use std::time::Duration;

/// How a [`Writer`](super::Writer) queues and merges batches. Whether it merges at all, and how many transactions run at
/// once, is the store's [`WriteProfile`](conversation_settings_store::WriteProfile).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterOptions {
    /// The most writes that batches merge into one transaction.
    pub max_merged_writes: usize,
    /// A batch with more writes than this is large: it runs alone, one at a time, and small ones do not wait behind it.
    pub large_batch: usize,
    /// The most writes that wait. A batch that exceeds it is rejected before anything is written.
    pub max_waiting_writes: usize,
    /// A transaction of small batches that takes longer than this no longer keeps others waiting, for example while it
    /// waits for another process's lock. Up to eight such transactions run beside the others.
    pub slow_after: Duration,
}

impl Default for WriterOptions {
    /// Merges up to 1,000 writes; a batch of more than 100 writes is large; 100,000 writes wait at most; a
    /// transaction is slow after half a second.
    fn default() -> Self {
        Self {
            max_merged_writes: 1_000,
            large_batch: 100,
            max_waiting_writes: 100_000,
            slow_after: Duration::from_millis(500),
        }
    }
}
