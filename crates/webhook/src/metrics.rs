//! The metrics of a webhook.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the webhook starts.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Counter: dropped events.
///
/// Labels: `sink`, which is `webhook`; `reason`, which is `queue_full`, `refused` (the receiver rejected them), `failed`
/// (every attempt failed) or `closed`.
pub const EVENTS_DROPPED: &str = "conversation_events_dropped_total";

/// Gauge: events that wait for the receiver, including those of the current request.
pub const WEBHOOK_QUEUE_DEPTH: &str = "conversation_webhook_queue_depth";

/// Histogram, seconds: how long a request took.
///
/// Label: `result`, which is `delivered`, `refused` or `failed`. A failed request is retried.
pub const WEBHOOK_REQUEST_SECONDS: &str = "conversation_webhook_request_seconds";

pub(crate) fn describe() {
    describe_counter!(EVENTS_DROPPED, Unit::Count, "Dropped events.");
    describe_gauge!(WEBHOOK_QUEUE_DEPTH, Unit::Count, "Events that wait for the webhook's receiver.");
    describe_histogram!(WEBHOOK_REQUEST_SECONDS, Unit::Seconds, "How long requests to the webhook's receiver took.");
}
