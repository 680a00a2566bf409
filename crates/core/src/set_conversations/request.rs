//! The request `set_conversations` as a client sends it.

use alloc::vec::Vec;

use crate::{ConversationReq, Text};

/// The request as a client sends it, before any check. An error of reading it names the argument by its path:
///
/// ```
/// # use conversation_settings_core::SetConversationsRequest;
/// let refused = |json| serde_json::from_str::<SetConversationsRequest>(json).unwrap_err().to_string();
/// let error = refused(r#"{ "userIDs": ["a"], "conversation": { "isPinned": "yes" } }"#);
/// assert!(error.starts_with("conversation.isPinned: must be a boolean, got a string at line 1"));
/// assert!(refused(r#"{ "userIDs": ["a", 7] }"#).starts_with("userIDs[1]: must be a string, got 7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SetConversationsRequest {
    /// IDs of the users whose own view of the conversation is set.
    #[serde(rename = "userIDs", deserialize_with = "super::reader::user_ids_or_null")]
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
