//! Events for others in the same process.

use tokio::sync::broadcast;

use super::{Event, EventSink};

/// Hands each event to all who have [subscribed](Self::subscribe), in the process that embeds the service.
///
/// What waits for a listener is bounded, and no listener holds up a call: one that is too slow is told how many events
/// it has missed, and goes on with the oldest that is left.
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
/// let mut listener = events.subscribe();
/// let service = Service::builder(MemoryStore::new()).events(Arc::new(events)).build();
/// let listening = tokio::spawn(async move {
///     loop {
///         match listener.recv().await {
///             Ok(event) => println!("{} has changed for {}", event.conversation_id, event.owner),
///             Err(RecvError::Lagged(missed)) => println!("{missed} events were missed: read anew"),
///             Err(RecvError::Closed) => break,
///         }
///     }
/// });
/// drop(service);
/// listening.await.unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EventChannel(broadcast::Sender<Event>);

impl EventChannel {
    /// How many events may wait for the slowest listener, unless said otherwise: more than the largest call causes
    /// within the default limits.
    pub const CAPACITY: usize = 1 << 15;

    /// A channel in which up to `capacity` events, rounded up to a power of two, wait for the slowest listener.
    ///
    /// # Panics
    ///
    /// Where the capacity is 0 or more than half of `usize::MAX`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    /// A listener, to which all events come from now on.
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

impl EventSink for EventChannel {
    fn emit(&self, event: Event) {
        // Nobody listens: that is no fault.
        drop(self.0.send(event));
    }
}
