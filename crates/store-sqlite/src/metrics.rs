//! The writer's metrics, in addition to those of every store.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the store is opened.

use metrics::{Gauge, Histogram, Unit, describe_gauge, describe_histogram, gauge, histogram};

/// Gauge: calls that wait for the writer.
pub const QUEUE_DEPTH: &str = "conversation_sqlite_queue_depth";

/// Histogram: calls that shared a commit, and so one `fsync`. No-ops count too.
pub const CALLS_PER_COMMIT: &str = "conversation_sqlite_calls_per_commit";

/// A waiting call: counts in [`QUEUE_DEPTH`] until dropped.
pub(crate) struct Queued(Gauge);

impl Queued {
    pub(crate) fn new() -> Self {
        let depth = gauge!(QUEUE_DEPTH);
        depth.increment(1);
        Self(depth)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Records commits in [`CALLS_PER_COMMIT`].
pub(crate) struct CommitMetrics(Histogram);

impl CommitMetrics {
    pub(crate) fn new() -> Self {
        describe_gauge!(QUEUE_DEPTH, Unit::Count, "Calls that wait for the SQLite writer.");
        describe_histogram!(CALLS_PER_COMMIT, Unit::Count, "Calls that shared one commit of the SQLite writer.");
        Self(histogram!(CALLS_PER_COMMIT))
    }

    pub(crate) fn record(&self, calls: usize) {
        self.0.record(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)));
    }
}
