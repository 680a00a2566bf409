//! What has changed, for a host's sinks.

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, Field, Key, Mask, Outcome, Patch, PrivateChat, ReportEntry, UserId, Version,
};

use crate::Context;

mod channel;
mod dispatcher;
mod log;
mod sink;
mod sink_queue;

pub use channel::EventChannel;
pub(crate) use dispatcher::Dispatcher;
pub use log::EventLog;
pub use sink::EventSink;
pub use sink_queue::MAX_EVENTS;

/// A change of one conversation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The user whose view of the conversation changed.
    pub owner: UserId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What happened to it.
    pub kind: EventKind,
    /// The new values of the settings in [`kind.fields()`](EventKind::fields). Of the host's own settings it has the names
    /// that changed; a removed name has no value. [`Patch::names`] lists them all, such as `custom.theme`.
    pub values: Patch,
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
    /// An event of a call with `context`; `values` are the new values of the fields that changed.
    #[must_use]
    pub fn new(context: &Context, key: Key, kind: EventKind, values: Patch, version: Version) -> Self {
        let Key { owner, conversation_id } = key;
        let (operation_id, caller) = (context.operation_id.clone(), context.caller.user_id().clone());
        Self { owner, conversation_id, kind, values, version, operation_id, caller }
    }

    /// The events of one entry of a report, which comes from `change`: none for a no-op.
    pub(crate) fn of_entry(context: &Context, entry: &ReportEntry, change: &Change) -> impl Iterator<Item = Self> {
        let kind = match entry.outcome {
            Outcome::Created => Some(EventKind::Created(entry.fields)),
            Outcome::Updated(_) => Some(EventKind::Updated(entry.fields)),
            Outcome::Removed => Some(EventKind::Removed),
            Outcome::Unchanged | Outcome::Absent => None,
        };
        let outcome = entry.outcome;
        let private = entry.private_chat.as_ref();
        let private =
            private.map(|PrivateChat { with, is_on, .. }| EventKind::PrivateChat { with: with.clone(), is_on: *is_on });
        let kinds = kind.into_iter().chain(private);
        kinds.zip(std::iter::repeat(entry.version)).filter_map(move |(kind, version)| {
            let part = change.patch().map_or(Patch::KEEP, |patch| outcome.part_of(patch));
            let values = part.only(kind.fields());
            let key = Key::new(entry.user.clone(), entry.conversation_id.clone());
            Some(Self::new(context, key, kind, values, version?))
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
