//! The metrics of the ports that are reached over HTTP.
//!
//! They go through the `metrics` facade, to the recorder that is installed when a port is made.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Counter: events that a sink has given up.
///
/// Labels: `sink`, which is `webhook`; `reason`, which is `queue_full`, `refused` where the receiver said that it will
/// not take them, `failed` where it could not be reached however often it was tried, or `closed`.
pub const EVENTS_DROPPED: &str = "conversation_events_dropped_total";

/// Gauge: the events that wait for the webhook's receiver, those under way included.
pub const WEBHOOK_QUEUE_DEPTH: &str = "conversation_webhook_queue_depth";

/// Histogram, seconds: how long a request to the webhook's receiver took.
///
/// Label: `result`, which is `delivered`, `refused`, or `failed`, after which it is tried again.
pub const WEBHOOK_REQUEST_SECONDS: &str = "conversation_webhook_request_seconds";

/// Tells the recorder what the metrics mean.
pub(crate) fn describe_webhook() {
    describe_counter!(EVENTS_DROPPED, Unit::Count, "Events that a sink has given up.");
    describe_gauge!(WEBHOOK_QUEUE_DEPTH, Unit::Count, "Events that wait for the webhook's receiver.");
    describe_histogram!(WEBHOOK_REQUEST_SECONDS, Unit::Seconds, "How long requests to the webhook's receiver took.");
}
