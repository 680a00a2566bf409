//! The port that receives what has changed.

use std::{fmt::Debug, sync::Arc};

use conversation_settings_core::{ConversationId, Field, Mask, Outcome, PrivateChat, ReportEntry, UserId, Version};

use crate::Context;

mod channel;
mod fan_out;
mod log;

pub use channel::EventChannel;
pub use fan_out::EventFanOut;
pub use log::EventLog;

/// Receives changes after they are stored. A host turns them into notices, webhooks and cache invalidation.
///
/// An event is emitted at most once, and only for a change that was stored. An event may be lost if the store commits
/// and its answer is lost, or if the process ends in between. The call then fails with a retryable error, and the retry
/// is a no-op. The owner's next event shows the gap by its version. A sink that must not miss a change reads the
/// [changes](conversation_settings_store::ConversationStore::changes) since the last version it has seen.
pub trait EventSink: Debug + Send + Sync + 'static {
    /// Receives an event. The events of one owner come in the order of the owner's versions.
    ///
    /// Other calls may wait for this method, so it must not block: queue what takes time.
    fn emit(&self, event: Event);
}

/// A change of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The user whose view of the conversation changed.
    pub owner: UserId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What happened to it.
    pub kind: EventKind,
    /// The owner's version after the change.
    pub version: Version,
    /// The operation ID of the call that made the change.
    pub operation_id: Arc<str>,
    /// The user who made the call.
    pub caller: UserId,
}

/// What happened to a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The conversation was created with these settings; the others have their defaults.
    Created(Mask),
    /// These settings have a new value.
    Updated(Mask),
    /// The conversation was removed.
    Removed,
    /// Private chat was turned on or off. Each participant gets this event beside the one that names the changed fields.
    PrivateChat {
        /// The other participant.
        with: UserId,
        /// Whether private chat is on now.
        is_on: bool,
    },
}

impl Event {
    /// The events of one entry of a report: none for a no-op.
    pub(crate) fn of_entry(context: &Context, entry: &ReportEntry) -> impl Iterator<Item = Self> {
        let kind = match entry.outcome {
            Outcome::Created => Some(EventKind::Created(entry.fields)),
            Outcome::Updated(_) => Some(EventKind::Updated(entry.fields)),
            Outcome::Removed => Some(EventKind::Removed),
            Outcome::Unchanged | Outcome::Absent => None,
        };
        let private = entry.private_chat.as_ref();
        let private =
            private.map(|PrivateChat { with, is_on, .. }| EventKind::PrivateChat { with: with.clone(), is_on: *is_on });
        let kinds = kind.into_iter().chain(private);
        kinds.zip(std::iter::repeat(entry.version)).filter_map(|(kind, version)| {
            Some(Self {
                owner: entry.user.clone(),
                conversation_id: entry.conversation_id.clone(),
                kind,
                version: version?,
                operation_id: context.operation_id.clone(),
                caller: context.caller.user_id().clone(),
            })
        })
    }
}

impl EventKind {
    /// The name in a log and in JSON.
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
