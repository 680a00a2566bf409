//! The metrics that a store gives, whichever it is.
//!
//! They go through the `metrics` facade: where the host installs no recorder, they cost next to nothing.

use metrics::{Unit, counter, describe_counter, describe_histogram};

use crate::StoreError;

/// Histogram, seconds: how long an operation of a [`MeteredStore`](crate::MeteredStore) took.
///
/// Labels: `store`; `operation`, the method of the trait; `result`, which is `ok`, the error's
/// [kind](StoreError::kind), or `abandoned` where the caller did not wait for the end.
pub const OPERATION_SECONDS: &str = "conversation_store_operation_seconds";

/// Counter: attempts that met another writer, or a server that had gone, and were made again by
/// [`Retry`](crate::Retry).
///
/// Labels: `store`; `cause`, the [kind](StoreError::kind) of the attempt's error.
pub const RETRIES: &str = "conversation_store_retries_total";

/// Tells the recorder what the metrics mean.
pub(crate) fn describe() {
    describe_histogram!(OPERATION_SECONDS, Unit::Seconds, "How long operations of the store took.");
    describe_counter!(RETRIES, Unit::Count, "Attempts that were made again after a conflict or a lost server.");
}

pub(crate) fn count_retry(error: &StoreError) {
    counter!(RETRIES, "store" => error.store().unwrap_or_default(), "cause" => error.kind()).increment(1);
}
