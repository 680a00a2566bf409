//! Events as lines of the log.

use conversation_settings_core::UserId;
use tracing::debug;

use super::{Event, EventKind, EventSink};

/// Writes each event to the log, at the level `DEBUG` of the target [`TARGET`](Self::TARGET): whose conversation, what
/// happened, which fields, the version, the operation ID and the caller, each as a field of its own. Values are not
/// among them.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventLog;

impl EventLog {
    /// The target, by which a filter lets events through: `info,conversation_events=debug`.
    pub const TARGET: &str = "conversation_events";

    /// Whether an event would be written now.
    #[must_use]
    pub fn is_enabled() -> bool {
        tracing::enabled!(target: EventLog::TARGET, tracing::Level::DEBUG)
    }
}

impl EventSink for EventLog {
    fn emit(&self, event: Event) {
        let (with, is_on) = match &event.kind {
            EventKind::PrivateChat { with, is_on } => (Some(with), Some(*is_on)),
            EventKind::Created(_) | EventKind::Updated(_) | EventKind::Removed => (None, None),
        };
        debug!(
            target: EventLog::TARGET,
            owner = event.owner.as_str(),
            conversation = event.conversation_id.as_str(),
            kind = event.kind.name(),
            fields = %event.kind.fields(),
            version = event.version.0,
            operation_id = &*event.operation_id,
            caller = event.caller.as_str(),
            with = with.map(UserId::as_str),
            is_on,
            "a conversation changed"
        );
    }
}
