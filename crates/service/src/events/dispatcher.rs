//! Hands events to the sinks.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Event, EventSink, sink_queue::SinkQueue};

/// One queue for each sink.
#[derive(Debug, Default)]
pub(crate) struct Dispatcher {
    queues: Vec<SinkQueue>,
}

impl Dispatcher {
    /// Queues of up to `capacity` events for each of `sinks`.
    pub(crate) fn new(sinks: Vec<Arc<dyn EventSink>>, capacity: usize) -> Self {
        Self { queues: sinks.into_iter().map(|sink| SinkQueue::new(sink, capacity)).collect() }
    }

    /// Whether no sink would receive an event, so that none needs to be built.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Queues events for every sink, and waits for none.
    pub(crate) fn dispatch(&self, events: &[Event]) {
        for queue in &self.queues {
            queue.push(events);
        }
    }

    /// Accepts no more events, and lets the sinks receive those that wait for at most `within`. Returns how many were
    /// left and dropped.
    pub(crate) async fn close(&self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        // All queues close first: the sinks share the time.
        self.queues.iter().for_each(SinkQueue::close);
        let mut left = 0;
        for queue in &self.queues {
            left += queue.join(deadline).await;
        }
        left
    }
}
