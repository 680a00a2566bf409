//! The metrics of a webhook.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the webhook starts.

use metrics::{Unit, describe_histogram};

/// Counter: dropped events, of any sink. A webhook adds the reasons `refused` (the receiver rejected them) and `failed`
/// (every attempt failed).
pub use conversation_settings_service::metrics::EVENTS_DROPPED;

/// Histogram, seconds: how long a request took.
///
/// Label: `result`, which is `delivered`, `refused` or `failed`. A failed request is retried.
pub const WEBHOOK_REQUEST_SECONDS: &str = "conversation_webhook_request_seconds";

pub(crate) fn describe() {
    describe_histogram!(WEBHOOK_REQUEST_SECONDS, Unit::Seconds, "How long requests to the webhook's receiver took.");
}
