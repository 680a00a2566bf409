//! Several sinks as one.

use std::sync::Arc;

use super::{Event, EventSink};

/// Passes each event to several sinks, one after the other.
///
/// ```
/// use std::sync::Arc;
///
/// use conversation_settings_service::{EventChannel, EventFanOut, EventLog, EventSink};
///
/// let channel = EventChannel::default();
/// let sinks: Vec<Arc<dyn EventSink>> = vec![Arc::new(EventLog), Arc::new(channel.clone())];
/// let all: EventFanOut = sinks.into_iter().collect();
/// ```
#[derive(Clone, Debug, Default)]
pub struct EventFanOut(Vec<Arc<dyn EventSink>>);

impl FromIterator<Arc<dyn EventSink>> for EventFanOut {
    fn from_iter<I: IntoIterator<Item = Arc<dyn EventSink>>>(sinks: I) -> Self {
        Self(sinks.into_iter().collect())
    }
}

impl EventSink for EventFanOut {
    fn emit(&self, event: Event) {
        let Some((last, others)) = self.0.split_last() else { return };
        for sink in others {
            sink.emit(event.clone());
        }
        last.emit(event);
    }
}
