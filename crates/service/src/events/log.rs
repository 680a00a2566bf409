//! Events as lines of the log.

use async_trait::async_trait;
use conversation_settings_core::UserId;
use tracing::debug;

use super::{Event, EventKind, EventSink};

/// Writes a log line for each event, at level `DEBUG` of the target [`TARGET`](Self::TARGET).
///
/// Its fields are the owner, the conversation, the kind, the names of the changed settings, the version, the operation ID
/// and the caller. Values are not logged.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a log sink has no state, so a host writes its name")]
pub struct EventLog;

impl EventLog {
    /// The target for a log filter: `info,conversation_events=debug`.
    pub const TARGET: &str = "conversation_events";

    /// Whether the current filter lets events through.
    #[must_use]
    pub fn is_enabled() -> bool {
        tracing::enabled!(target: EventLog::TARGET, tracing::Level::DEBUG)
    }
}

#[async_trait]
impl EventSink for EventLog {
    fn name(&self) -> &'static str {
        "log"
    }

    async fn emit(&self, events: &[Event]) {
        events.iter().for_each(write_line);
    }
}

fn write_line(event: &Event) {
    let (with, is_on) = match &event.kind {
        EventKind::PrivateChat { with, is_on } => (Some(with), Some(*is_on)),
        EventKind::Created(_) | EventKind::Updated(_) | EventKind::Removed => (None, None),
    };
    debug!(
        target: EventLog::TARGET,
        owner = event.owner.as_str(),
        conversation = event.conversation_id.as_str(),
        kind = event.kind.name(),
        fields = event.values.names().collect::<Vec<_>>().join(","),
        version = event.version.0,
        operation_id = &*event.operation_id,
        caller = event.caller.as_str(),
        with = with.map(UserId::as_str),
        is_on,
        "a conversation changed"
    );
}
