//! The port to the host's messages.

use std::{collections::HashMap, fmt::Debug};

use async_trait::async_trait;
use conversation_settings_core::{ConversationId, Timestamp, UserId};

/// Knows the host's messages.
#[async_trait]
pub trait Messages: Debug + Send + Sync + 'static {
    /// The latest message of each of these conversations, as `owner` sees it. A conversation that is left out counts as
    /// one without messages.
    ///
    /// # Errors
    ///
    /// [`MessagesError`] when the messages cannot be read now. The call then fails and writes nothing.
    async fn latest(
        &self,
        owner: &UserId,
        conversation_ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Latest>, MessagesError>;
}

/// The latest message of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the host builds it")]
pub struct Latest {
    /// The number of messages that the owner has not read.
    pub unread_count: i64,
    /// The latest message; `None` in a conversation without messages.
    pub message: Option<Message>,
}

/// A message as a list of conversations shows it. The fields are OpenIM's; this service reads [`sent_at`](Self::sent_at)
/// alone and passes the others on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the host builds it from OpenIM's fields")]
#[expect(missing_docs, reason = "the host fills the fields and clients read them; this service only passes them on")]
pub struct Message {
    pub server_msg_id: String,
    pub client_msg_id: String,
    pub session_type: i32,
    pub send_id: String,
    pub recv_id: String,
    pub sender_name: String,
    pub face_url: String,
    pub group_id: String,
    pub group_name: String,
    pub group_face_url: String,
    pub group_type: i32,
    pub group_member_count: u32,
    /// When the message was sent: the time by which conversations are sorted and removed.
    pub sent_at: Timestamp,
    pub msg_from: i32,
    pub content_type: i32,
    pub content: String,
    pub ex: String,
}

/// The host's messages cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the messages cannot be read")]
#[expect(clippy::exhaustive_structs, reason = "it carries the port's error and nothing else")]
pub struct MessagesError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
