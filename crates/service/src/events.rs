//! The port to whoever wants to know what has changed.

use std::{fmt::Debug, sync::Arc};

use conversation_settings_core::{ConversationId, Field, Mask, UserId, Version};

mod channel;
mod fan_out;
mod log;

pub use channel::EventChannel;
pub use fan_out::EventFanOut;
pub use log::EventLog;

/// Takes what has changed, after it was stored.
///
/// A host turns events into notices, webhooks and cache invalidation.
///
/// No event comes twice, and none comes of what did not happen. One may be missing: where the store committed and its
/// answer was lost, or the process ended in between. The call fails with an error that can be retried then, the retry
/// finds nothing left to change, and the owner's next event shows by its version that there was one more. Whoever must
/// miss none asks the store for the [changes](conversation_settings_store::ConversationStore::changes) since the version last
/// seen.
pub trait EventSink: Debug + Send + Sync + 'static {
    /// Takes an event.
    ///
    /// Called only for what really changed, once, and for each owner in the order of the owner's versions. It is called
    /// while other calls may wait for it, so it must not block: queue what takes time.
    fn emit(&self, event: Event);
}

/// A change of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Whose view of the conversation changed.
    pub owner: UserId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What happened to it.
    pub kind: EventKind,
    /// The owner's version since.
    pub version: Version,
    /// The operation ID of the call that did it.
    pub operation_id: Arc<str>,
    /// Who called.
    pub caller: UserId,
}

/// What happened to a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// It was created, with these settings set and the others at their defaults.
    Created(Mask),
    /// These settings have a new value.
    Updated(Mask),
    /// It was removed.
    Removed,
    /// Private chat was turned on or off; beside the event that says so by its fields, since both parties are told.
    PrivateChat {
        /// The other party.
        with: UserId,
        /// Whether it is on now.
        is_on: bool,
    },
}

impl EventKind {
    /// Its name in a log and in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Updated(_) => "updated",
            Self::Removed => "removed",
            Self::PrivateChat { .. } => "privateChat",
        }
    }

    /// The settings that were set or have a new value.
    #[must_use]
    pub fn fields(&self) -> Mask {
        match self {
            Self::Created(fields) | Self::Updated(fields) => *fields,
            Self::Removed => Mask::EMPTY,
            Self::PrivateChat { .. } => Field::IsPrivateChat.into(),
        }
    }
}
