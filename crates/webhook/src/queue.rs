//! What the sink and the delivery task count together.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use metrics::{Gauge, counter, gauge};
use tracing::warn;

use crate::metrics::{EVENTS_DROPPED, WEBHOOK_QUEUE_DEPTH};

/// Counts events that wait and events that are dropped.
pub(crate) struct QueueState {
    /// Events that are neither delivered nor dropped.
    waiting: AtomicUsize,
    /// Events dropped from a full queue since the last log line about them.
    overflowed: AtomicU64,
    depth: Gauge,
}

impl QueueState {
    pub(crate) fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), overflowed: AtomicU64::new(0), depth: gauge!(WEBHOOK_QUEUE_DEPTH) }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    pub(crate) fn add(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.depth.increment(1.0);
    }

    pub(crate) fn remove(&self, events: usize) {
        self.waiting.fetch_sub(events, Ordering::SeqCst);
        self.depth.decrement(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
    }

    pub(crate) fn dropped(&self, reason: &'static str, events: usize) {
        self.remove(events);
        counter!(EVENTS_DROPPED, "sink" => "webhook", "reason" => reason).increment(events as u64);
    }

    /// Drops an event because the queue is full. Only the first one is logged at once: the log must not overflow with
    /// the queue.
    pub(crate) fn overflow(&self) {
        self.dropped("queue_full", 1);
        if self.overflowed.fetch_add(1, Ordering::SeqCst) == 0 {
            warn!("the webhook's queue is full: dropping events");
        }
    }

    /// Logs how many events were dropped, once the queue accepts events again.
    pub(crate) fn recover(&self) {
        let events = self.overflowed.swap(0, Ordering::SeqCst);
        if events > 0 {
            warn!(events, "the webhook's queue was full: events were dropped");
        }
    }
}
