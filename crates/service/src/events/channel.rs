//! Events for others in the same process.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{Event, EventSink};

/// Sends each event to all [subscribers](Self::subscribe) in the process that embeds the service.
///
/// The queue of a subscriber is bounded. A slow subscriber delays nobody: it learns how many events it has missed, and
/// continues with the oldest that is left.
///
/// ```
/// use std::sync::Arc;
///
/// use conversation_settings_service::{Service, EventChannel};
/// use conversation_settings_store_memory::MemoryStore;
/// use tokio::sync::broadcast::error::RecvError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let events = EventChannel::default();
/// let mut subscriber = events.subscribe();
/// let service = Service::builder(MemoryStore::new()).events(Arc::new(events)).build();
/// let receiving = tokio::spawn(async move {
///     loop {
///         match subscriber.recv().await {
///             Ok(event) => println!("{} has changed for {}", event.conversation_id, event.owner),
///             Err(RecvError::Lagged(missed)) => println!("{missed} events were missed: sync in full"),
///             Err(RecvError::Closed) => break,
///         }
///     }
/// });
/// drop(service);
/// receiving.await.unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EventChannel(broadcast::Sender<Event>);

impl EventChannel {
    /// The default number of events that wait for the slowest subscriber: more than the largest call causes within the
    /// default limits.
    pub const CAPACITY: usize = 1 << 15;

    /// A channel in which up to `capacity` events, rounded up to a power of two, wait for the slowest subscriber.
    ///
    /// # Panics
    ///
    /// If the capacity is 0 or more than half of `usize::MAX`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    /// A subscriber, which receives all later events.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}

impl Default for EventChannel {
    fn default() -> Self {
        Self::new(Self::CAPACITY)
    }
}

#[async_trait]
impl EventSink for EventChannel {
    fn name(&self) -> &'static str {
        "channel"
    }

    async fn emit(&self, events: &[Event]) {
        for event in events {
            // Without a subscriber nobody receives the event, which is no error.
            drop(self.0.send(event.clone()));
        }
    }
}
