//! Events as lines of the log.

use conversation_settings_core::UserId;
use tracing::debug;

use super::{Event, EventKind, EventSink};

/// Writes each event to the log, at level `DEBUG` of the target [`TARGET`](Self::TARGET). The owner, the conversation,
/// the kind of event, the names of the settings, the version, the operation ID and the caller are structured fields.
/// Values of settings are not logged.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no state")]
pub struct EventLog;

impl EventLog {
    /// The log target. A filter that lets events through: `info,conversation_events=debug`.
    pub const TARGET: &str = "conversation_events";

    /// Whether the present log filter lets events through.
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
