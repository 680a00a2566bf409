//! The metrics of event sinks.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the service is built.

use metrics::{Unit, describe_counter, describe_gauge};

/// Counter: dropped events.
///
/// Labels: `sink`, the sink's name; `reason`, which is `queue_full`, `panic` (the sink panicked) or `closed`. A sink adds
/// reasons of its own.
pub const EVENTS_DROPPED: &str = "conversation_events_dropped_total";

/// Gauge: events that wait for a sink, including those that it is receiving. Label: `sink`.
pub const EVENT_QUEUE_DEPTH: &str = "conversation_event_queue_depth";

pub(crate) fn describe() {
    describe_counter!(EVENTS_DROPPED, Unit::Count, "Dropped events.");
    describe_gauge!(EVENT_QUEUE_DEPTH, Unit::Count, "Events that wait for a sink.");
}
