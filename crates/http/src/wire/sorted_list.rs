//! The list of conversations as a client shows it.

use std::ops::Range;

use conversation_settings_core::{ArgsError, ConversationId, Text, UserId};
use conversation_settings_service::{Message, SortedEntry, SortedList};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arguments::{conversation_ids, user_id},
    pagination::Pagination,
    schema,
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetSortedConversationListRequest {
    /// ID of the user whose conversations are listed.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user: Option<Text>,
    /// IDs of the conversations to list; absent or empty: all.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Option<Vec<schema::ConversationId>>)]
    conversation_ids: Option<Vec<Text>>,
    /// The page to return.
    #[schema(value_type = Pagination)]
    pagination: Option<Pagination>,
}

/// The user, the conversations to list (`None`: all), and the positions on the page.
type Checked = (UserId, Option<Vec<ConversationId>>, Range<usize>);

impl GetSortedConversationListRequest {
    pub(crate) fn check(self) -> Result<Checked, ArgsError> {
        let user = user_id("userID", self.user)?;
        let range = Pagination::range(self.pagination)?;
        let ids = self.conversation_ids.filter(|ids| !ids.is_empty());
        Ok((user, ids.map(conversation_ids).transpose()?, range))
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SortedConversations {
    /// Number of conversations on all pages.
    conversation_total: usize,
    /// Number of unread messages in all of them.
    unread_total: i64,
    /// The conversations on the page, in order.
    conversation_elems: Vec<ConversationElem>,
}

impl From<SortedList> for SortedConversations {
    fn from(list: SortedList) -> Self {
        Self {
            conversation_total: list.total,
            unread_total: list.unread_total,
            conversation_elems: list.entries.into_iter().map(ConversationElem::from).collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A conversation as a client lists it.")]
struct ConversationElem {
    /// ID of the conversation.
    #[serde(rename = "conversationID")]
    #[schema(value_type = schema::ConversationId)]
    conversation_id: ConversationId,
    /// What happens when a message arrives.
    #[schema(value_type = i32, minimum = 0, maximum = 2)]
    recv_msg_opt: i32,
    /// Number of unread messages.
    unread_count: i64,
    /// Whether the conversation stays at the top.
    #[serde(rename = "IsPinned")]
    is_pinned: bool,
    /// The latest message; `null` in a conversation without messages.
    msg_info: Option<MsgInfo>,
}

impl From<SortedEntry> for ConversationElem {
    fn from(SortedEntry { conversation, latest, .. }: SortedEntry) -> Self {
        Self {
            conversation_id: conversation.key.conversation_id,
            recv_msg_opt: conversation.settings.recv_msg_opt.number(),
            unread_count: latest.unread_count,
            is_pinned: conversation.settings.is_pinned,
            msg_info: latest.message.map(MsgInfo::from),
        }
    }
}

/// The names are OpenIM's; their meaning is the host's.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A message as a list of conversations shows it.")]
struct MsgInfo {
    #[serde(rename = "serverMsgID")]
    server_msg_id: String,
    #[serde(rename = "clientMsgID")]
    client_msg_id: String,
    session_type: i32,
    #[serde(rename = "sendID")]
    send_id: String,
    #[serde(rename = "recvID")]
    recv_id: String,
    sender_name: String,
    #[serde(rename = "faceURL")]
    face_url: String,
    #[serde(rename = "groupID")]
    group_id: String,
    group_name: String,
    #[serde(rename = "groupFaceURL")]
    group_face_url: String,
    group_type: i32,
    group_member_count: u32,
    /// When the message was sent, in milliseconds since the epoch; conversations are sorted by it.
    #[serde(rename = "LatestMsgRecvTime")]
    latest_msg_recv_time: i64,
    msg_from: i32,
    content_type: i32,
    content: String,
    ex: String,
}

impl From<Message> for MsgInfo {
    fn from(message: Message) -> Self {
        Self {
            server_msg_id: message.server_msg_id,
            client_msg_id: message.client_msg_id,
            session_type: message.session_type,
            send_id: message.send_id,
            recv_id: message.recv_id,
            sender_name: message.sender_name,
            face_url: message.face_url,
            group_id: message.group_id,
            group_name: message.group_name,
            group_face_url: message.group_face_url,
            group_type: message.group_type,
            group_member_count: message.group_member_count,
            latest_msg_recv_time: message.sent_at.0,
            msg_from: message.msg_from,
            content_type: message.content_type,
            content: message.content,
            ex: message.ex,
        }
    }
}
