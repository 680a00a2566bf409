//! The JSON that a webhook receives.

use std::borrow::Cow;

use conversation_settings_core::{ConversationId, Patch, UserId};
use conversation_settings_service::{Event, EventKind};
use serde::Serialize;

/// `{"events":[…]}`.
pub(crate) fn body(events: &[Event]) -> Vec<u8> {
    let events = events.iter().map(EventJson::from).collect();
    serde_json::to_vec(&Body { events }).expect("events are strings, numbers and booleans")
}

#[derive(Serialize)]
struct Body<'a> {
    events: Vec<EventJson<'a>>,
}

/// An event under OpenIM's names. The last two fields belong to private chat alone.
#[derive(Serialize)]
struct EventJson<'a> {
    #[serde(rename = "ownerUserID")]
    owner: &'a UserId,
    #[serde(rename = "conversationID")]
    conversation_id: &'a ConversationId,
    kind: &'static str,
    fields: Vec<Cow<'static, str>>,
    values: &'a Patch,
    version: u64,
    #[serde(rename = "operationID")]
    operation_id: &'a str,
    #[serde(rename = "opUserID")]
    caller: &'a UserId,
    #[serde(rename = "userID", skip_serializing_if = "Option::is_none")]
    with: Option<&'a UserId>,
    #[serde(rename = "isPrivateChat", skip_serializing_if = "Option::is_none")]
    is_on: Option<bool>,
}

impl<'a> From<&'a Event> for EventJson<'a> {
    fn from(event: &'a Event) -> Self {
        let (with, is_on) = match &event.kind {
            EventKind::PrivateChat { with, is_on } => (Some(with), Some(*is_on)),
            _ => (None, None),
        };
        Self {
            owner: &event.owner,
            conversation_id: &event.conversation_id,
            kind: event.kind.name(),
            fields: event.values.names().collect(),
            values: &event.values,
            version: event.version.0,
            operation_id: &event.operation_id,
            caller: &event.caller,
            with,
            is_on,
        }
    }
}
