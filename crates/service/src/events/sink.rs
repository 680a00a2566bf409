//! The port that receives events.

use std::fmt::Debug;

use async_trait::async_trait;

use super::Event;

/// Receives changes after they are stored. A host turns them into notices, webhooks and cache invalidation.
///
/// Each sink has a bounded queue and a task of its own: no call and no other sink waits for it. A full queue drops new
/// events and counts them in [`EVENTS_DROPPED`](crate::metrics::EVENTS_DROPPED); a panic is caught, logged and counted
/// there too.
///
/// An event is emitted at most once, and only for a change that was stored. An event is lost if a queue is full, if the
/// store commits and its answer is lost, or if the process ends in between. The owner's next event shows the gap by its
/// version. A sink that must not miss a change reads the
/// [changes](conversation_settings_store::ConversationStore::changes) since the last version it has seen.
///
/// ```
/// use conversation_settings_service::{Event, EventSink};
///
/// #[derive(Debug)]
/// struct Notices;
///
/// #[async_trait::async_trait]
/// impl EventSink for Notices {
///     fn name(&self) -> &'static str {
///         "notices"
///     }
///
///     async fn emit(&self, events: &[Event]) {
///         for event in events {
///             println!("{} {}: {:?}", event.owner, event.kind.name(), event.values);
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait EventSink: Debug + Send + Sync + 'static {
    /// The sink's name in metrics and logs, such as `webhook`.
    fn name(&self) -> &'static str;

    /// Receives up to [`MAX_EVENTS`](crate::MAX_EVENTS) events. The events of one owner come in the order of the owner's
    /// versions. The next events wait until the future completes.
    async fn emit(&self, events: &[Event]);

    /// The service closes: no events follow those that wait. A sink that waits before it tries again should try now, since
    /// it is stopped at a deadline. By default this does nothing.
    fn closing(&self) {}
}
