//! The port to the host's messages.

use std::{collections::HashMap, fmt::Debug};

use async_trait::async_trait;
use conversation_settings_core::{ConversationId, UserId};

/// Knows the host's messages.
#[async_trait]
pub trait Messages: Debug + Send + Sync + 'static {
    /// How messages stand in these conversations, as `owner` sees them. One that is left out is as one without a message.
    ///
    /// # Errors
    ///
    /// [`MessagesError`] when it cannot be told now: nothing is written then.
    async fn latest(
        &self,
        owner: &UserId,
        conversation_ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Latest>, MessagesError>;
}

/// How messages stand in one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latest {
    /// How many messages the owner has not read.
    pub unread_count: i64,
    /// The last message; `None` where there is none.
    pub message: Option<MsgInfo>,
}

/// A message as a list of conversations shows it: OpenIM's `MsgInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the names are all that is known here: the host fills them in, and clients read them")]
pub struct MsgInfo {
    #[serde(rename = "serverMsgID")]
    pub server_msg_id: String,
    #[serde(rename = "clientMsgID")]
    pub client_msg_id: String,
    pub session_type: i32,
    #[serde(rename = "sendID")]
    pub send_id: String,
    #[serde(rename = "recvID")]
    pub recv_id: String,
    pub sender_name: String,
    #[serde(rename = "faceURL")]
    pub face_url: String,
    #[serde(rename = "groupID")]
    pub group_id: String,
    pub group_name: String,
    #[serde(rename = "groupFaceURL")]
    pub group_face_url: String,
    pub group_type: i32,
    pub group_member_count: u32,
    /// When the message was sent, in milliseconds since the epoch: by which conversations are sorted.
    #[serde(rename = "LatestMsgRecvTime")]
    pub latest_msg_recv_time: i64,
    pub msg_from: i32,
    pub content_type: i32,
    pub content: String,
    pub ex: String,
}

/// The host's messages could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the messages cannot be asked")]
pub struct MessagesError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
