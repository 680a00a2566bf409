//! The request `set_conversations` as a client sends it.

use alloc::vec::Vec;
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{ConversationReq, Text};

/// The request as a client sends it, before any check.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SetConversationsRequest {
    /// IDs of the users whose own view of the conversation is set.
    #[serde(rename = "userIDs")]
    pub user_ids: Option<Vec<Text>>,
    /// The conversation and the settings to set.
    #[serde(deserialize_with = "ConversationReq::object_or_null")]
    pub conversation: Option<ConversationReq>,
}

impl SetConversationsRequest {
    /// A request of these two arguments.
    #[must_use]
    pub const fn new(user_ids: Option<Vec<Text>>, conversation: Option<ConversationReq>) -> Self {
        Self { user_ids, conversation }
    }
}

impl ConversationReq {
    /// Reads a JSON object or `null`, for `serde(deserialize_with)`; derived code would also accept an array.
    ///
    /// # Errors
    ///
    /// The deserializer's, for any other value and for a field of another type.
    pub fn object_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct ObjectOrNull;

        impl<'de> Visitor<'de> for ObjectOrNull {
            type Value = Option<ConversationReq>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                ConversationReq::deserialize(MapAccessDeserializer::new(map)).map(Some)
            }
        }

        deserializer.deserialize_any(ObjectOrNull)
    }
}
