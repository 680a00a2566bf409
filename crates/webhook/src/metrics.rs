//! The metrics of a webhook.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the webhook starts.

use metrics::{Unit, describe_gauge, describe_histogram};

/// Counter: dropped events, of any sink. A webhook adds the reasons `refused` (the receiver rejected them) and `failed`
/// (the webhook gave up).
pub use conversation_settings_service::metrics::EVENTS_DROPPED;

/// Histogram, seconds: how long a request took.
///
/// Label: `result`, which is `delivered`, `refused` or `failed`. A failed request is retried.
pub const WEBHOOK_REQUEST_SECONDS: &str = "conversation_webhook_request_seconds";

/// Gauge, seconds: how long the oldest request has waited for the receiver to accept it. It is 0 without a failed attempt,
/// and is set after each attempt.
pub const WEBHOOK_WAITING_SECONDS: &str = "conversation_webhook_waiting_seconds";

pub(crate) fn describe() {
    describe_gauge!(
        WEBHOOK_WAITING_SECONDS,
        Unit::Seconds,
        "How long the oldest request to the webhook's receiver has waited to be accepted."
    );
    describe_histogram!(WEBHOOK_REQUEST_SECONDS, Unit::Seconds, "How long requests to the webhook's receiver took.");
}
