//! A conversation.

use conversation_settings_core::{self as core, GroupId, UserId, Value};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// One user's view of a conversation: all fields, the irrelevant one of `userID` and `groupID` empty, no creation time, and
/// the host's own settings only if there are any.
pub(crate) struct Conversation(pub(super) core::Conversation);

impl Serialize for Conversation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let core::Conversation { key, target, settings, .. } = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ownerUserID", &key.owner)?;
        map.serialize_entry("conversationID", &key.conversation_id)?;
        map.serialize_entry("conversationType", &target.conversation_type())?;
        map.serialize_entry("userID", target.user_id().map_or("", UserId::as_str))?;
        map.serialize_entry("groupID", target.group_id().map_or("", GroupId::as_str))?;
        for (field, value) in settings.values() {
            // OpenIM's conversations have no such field, so it is there only for hosts that use it.
            if matches!(&value, Value::Custom(names) if names.is_empty()) {
                continue;
            }
            map.serialize_entry(field.wire_name(), &value)?;
        }
        map.end()
    }
}

pub(super) fn conversations(conversations: Vec<core::Conversation>) -> Vec<Conversation> {
    conversations.into_iter().map(Conversation).collect()
}
