//! Reads of conversations as they are.

use std::ops::Range;

use conversation_settings_core::{self as core, ArgsError, ConversationId, Text, UserId, Violation};
use conversation_settings_service::ConversationRange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arguments::{conversation_id, conversation_ids, required, user_id},
    conversation::{Conversation, conversations},
    pagination::Pagination,
    schema,
};
use crate::reply::LongList;

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetConversationRequest {
    /// ID of the user whose conversation is read.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = schema::UserId)]
    owner: Option<Text>,
    /// ID of the conversation.
    #[serde(rename = "conversationID")]
    #[schema(value_type = schema::ConversationId)]
    conversation_id: Option<Text>,
}

impl GetConversationRequest {
    /// The owner and the conversation.
    pub(crate) fn check(self) -> Result<(UserId, ConversationId), ArgsError> {
        let owner = user_id("ownerUserID", self.owner)?;
        Ok((owner, conversation_id("conversationID", self.conversation_id)?))
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneConversation {
    /// The conversation.
    conversation: Conversation,
}

impl From<core::Conversation> for OneConversation {
    fn from(conversation: core::Conversation) -> Self {
        Self { conversation: Conversation(conversation) }
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetConversationsRequest {
    /// ID of the user whose conversations are read.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = schema::UserId)]
    owner: Option<Text>,
    /// IDs of the conversations, in the order of the response; duplicates count once.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Vec<schema::ConversationId>, min_items = 1)]
    conversation_ids: Option<Vec<Text>>,
}

impl GetConversationsRequest {
    /// The owner and the conversations.
    pub(crate) fn check(self) -> Result<(UserId, Vec<ConversationId>), ArgsError> {
        let owner = user_id("ownerUserID", self.owner)?;
        let ids = required("conversationIDs", self.conversation_ids)?;
        if ids.is_empty() {
            return Err(ArgsError::new("conversationIDs", Violation::Empty));
        }
        Ok((owner, conversation_ids(ids)?))
    }
}

#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Conversations {
    /// The conversations.
    conversations: Vec<Conversation>,
}

impl LongList for Conversations {
    type Entry = Conversation;

    fn entry(conversation: core::Conversation) -> Conversation {
        Conversation(conversation)
    }

    fn entries(&mut self) -> &mut Vec<Conversation> {
        &mut self.conversations
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetAllConversationsRequest {
    /// ID of the user whose conversations are read.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = schema::UserId)]
    owner: Option<Text>,
}

impl GetAllConversationsRequest {
    /// The owner.
    pub(crate) fn check(self) -> Result<UserId, ArgsError> {
        user_id("ownerUserID", self.owner)
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetOwnerConversationRequest {
    /// ID of the user whose conversations are listed.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user: Option<Text>,
    /// The page to return.
    #[schema(value_type = Pagination)]
    pagination: Option<Pagination>,
}

impl GetOwnerConversationRequest {
    /// The owner and the positions on the page.
    pub(crate) fn check(self) -> Result<(UserId, Range<usize>), ArgsError> {
        Ok((user_id("userID", self.user)?, Pagination::range(self.pagination)?))
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OwnerConversations {
    /// Number of conversations that the user has.
    total: usize,
    /// The conversations on the page, in the byte order of their IDs.
    conversations: Vec<Conversation>,
}

impl LongList for OwnerConversations {
    type Entry = Conversation;

    fn entry(conversation: core::Conversation) -> Conversation {
        Conversation(conversation)
    }

    fn entries(&mut self) -> &mut Vec<Conversation> {
        &mut self.conversations
    }
}

impl From<ConversationRange> for OwnerConversations {
    fn from(range: ConversationRange) -> Self {
        Self { total: range.total, conversations: conversations(range.conversations) }
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct UserRequest {
    /// ID of the user whose conversations are listed.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user: Option<Text>,
}

impl UserRequest {
    /// The user.
    pub(crate) fn check(self) -> Result<UserId, ArgsError> {
        user_id("userID", self.user)
    }
}

#[derive(Default, Serialize, ToSchema)]
pub(crate) struct ConversationIds {
    /// IDs of the conversations, in byte order.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Vec<schema::ConversationId>)]
    conversation_ids: Vec<ConversationId>,
}

impl LongList for ConversationIds {
    type Entry = ConversationId;

    fn entry(conversation: core::Conversation) -> ConversationId {
        conversation.key.conversation_id
    }

    fn entries(&mut self) -> &mut Vec<ConversationId> {
        &mut self.conversation_ids
    }
}
