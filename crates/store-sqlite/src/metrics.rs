//! The metrics of the writer, beside those that every store gives.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the store is opened.

use metrics::{Gauge, Histogram, Unit, describe_gauge, describe_histogram, gauge, histogram};

/// Gauge: the calls that wait for the writer, be it in its queue or to be let into it.
pub const QUEUE_DEPTH: &str = "conversation_sqlite_queue_depth";

/// Histogram: how many calls shared a commit, and with it one `fsync`. Those that changed nothing count too.
pub const CALLS_PER_COMMIT: &str = "conversation_sqlite_calls_per_commit";

/// A call that waits; until it is dropped, it counts in [`QUEUE_DEPTH`].
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

/// Where commits are told of.
pub(crate) struct Committed(Histogram);

impl Committed {
    pub(crate) fn new() -> Self {
        describe_gauge!(QUEUE_DEPTH, Unit::Count, "Calls that wait for the SQLite writer.");
        describe_histogram!(CALLS_PER_COMMIT, Unit::Count, "Calls that shared one commit of the SQLite writer.");
        Self(histogram!(CALLS_PER_COMMIT))
    }

    /// So many calls were committed together.
    pub(crate) fn record(&self, calls: usize) {
        self.0.record(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)));
    }
}
