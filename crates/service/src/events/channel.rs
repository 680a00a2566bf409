//! Events for listeners in the same process.

use tokio::sync::broadcast;

use super::{Event, EventSink};

/// Sends each event to all [subscribed](Self::subscribe) listeners in this process.
///
/// The channel is bounded, and no listener delays a call. A listener that falls behind learns how many events it missed,
/// and continues with the oldest one left.
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
///             Err(RecvError::Lagged(missed)) => println!("{missed} events were missed: sync in full"),
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
    /// The default capacity, in events: more than the largest call emits within the default limits.
    pub const CAPACITY: usize = 1 << 15;

    /// A channel that keeps up to `capacity` events, rounded up to a power of two, for the slowest listener.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0 or more than half of `usize::MAX`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    /// A listener, which receives all events from now on.
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
        // Sending fails only without listeners, which is not an error.
        drop(self.0.send(event));
    }
}
