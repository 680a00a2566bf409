//! The metrics of a store, whichever it is.
//!
//! They go through the `metrics` facade. Without a recorder they cost next to nothing.

mod metered;

pub use metered::MeteredStore;

use ::metrics::{Unit, describe_counter, describe_histogram};

/// Histogram, seconds: duration of an operation of a [`MeteredStore`].
///
/// Labels: `store`; `operation`, the method of the trait; `result`, which is `ok`, the error's
/// [kind](crate::StoreError::kind), or `abandoned` if the caller dropped the future.
pub const OPERATION_SECONDS: &str = "conversation_store_operation_seconds";

/// Counter: attempts that failed because of another writer or a lost server, and were made again.
///
/// Labels: `store`; `cause`, the [kind](crate::StoreError::kind) of the attempt's error.
pub const RETRIES: &str = "conversation_store_retries_total";

fn describe() {
    describe_histogram!(OPERATION_SECONDS, Unit::Seconds, "How long operations of the store took.");
    describe_counter!(RETRIES, Unit::Count, "Attempts that were made again after a conflict or a lost server.");
}
