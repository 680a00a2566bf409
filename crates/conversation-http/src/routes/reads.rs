//! The calls under `/conversation` that read.

use std::sync::Arc;

use conversation_core::{Conversation, ConversationId, Text};
use conversation_service::{Context, OwnerConversations, Pagination, SortedConversations};
use serde::{Deserialize, Serialize};

use crate::{Failure, Host};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetConversationRequest {
    #[serde(rename = "ownerUserID")]
    owner: Option<Text>,
    #[serde(rename = "conversationID")]
    conversation_id: Option<Text>,
}

#[derive(Serialize)]
pub(super) struct OneConversation {
    conversation: Conversation,
}

/// One conversation of one user's.
pub(super) async fn get_conversation(
    host: Arc<Host>,
    context: Context,
    request: GetConversationRequest,
) -> Result<OneConversation, Failure> {
    let conversation = host.service.get_conversation(&context, request.owner, request.conversation_id).await?;
    Ok(OneConversation { conversation })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetConversationsRequest {
    #[serde(rename = "ownerUserID")]
    owner: Option<Text>,
    #[serde(rename = "conversationIDs")]
    conversation_ids: Option<Vec<Text>>,
}

#[derive(Serialize)]
pub(super) struct Conversations {
    conversations: Vec<Conversation>,
}

/// Some conversations of one user's.
pub(super) async fn get_conversations(
    host: Arc<Host>,
    context: Context,
    request: GetConversationsRequest,
) -> Result<Conversations, Failure> {
    let conversations = host.service.get_conversations(&context, request.owner, request.conversation_ids).await?;
    Ok(Conversations { conversations })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetAllConversationsRequest {
    #[serde(rename = "ownerUserID")]
    owner: Option<Text>,
}

/// All conversations of one user's.
pub(super) async fn get_all_conversations(
    host: Arc<Host>,
    context: Context,
    request: GetAllConversationsRequest,
) -> Result<Conversations, Failure> {
    let conversations = host.service.get_all_conversations(&context, request.owner).await?;
    Ok(Conversations { conversations })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetOwnerConversationRequest {
    #[serde(rename = "userID")]
    user: Option<Text>,
    pagination: Option<Pagination>,
}

/// A page of one user's conversations.
pub(super) async fn get_owner_conversation(
    host: Arc<Host>,
    context: Context,
    request: GetOwnerConversationRequest,
) -> Result<OwnerConversations, Failure> {
    Ok(host.service.get_owner_conversation(&context, request.user, request.pagination).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetSortedConversationListRequest {
    #[serde(rename = "userID")]
    user: Option<Text>,
    #[serde(rename = "conversationIDs")]
    conversation_ids: Option<Vec<Text>>,
    pagination: Option<Pagination>,
}

/// A page of one user's conversations as a client lists them.
pub(super) async fn get_sorted_conversation_list(
    host: Arc<Host>,
    context: Context,
    request: GetSortedConversationListRequest,
) -> Result<SortedConversations, Failure> {
    let GetSortedConversationListRequest { user, conversation_ids, pagination } = request;
    Ok(host.service.get_sorted_conversation_list(&context, user, conversation_ids, pagination).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserRequest {
    #[serde(rename = "userID")]
    user: Option<Text>,
}

#[derive(Serialize)]
pub(super) struct ConversationIds {
    #[serde(rename = "conversationIDs")]
    conversation_ids: Vec<ConversationId>,
}

/// One user's conversations of which messages are received without notifying.
pub(super) async fn get_not_notify_conversation_ids(
    host: Arc<Host>,
    context: Context,
    request: UserRequest,
) -> Result<ConversationIds, Failure> {
    let conversation_ids = host.service.get_not_notify_conversation_ids(&context, request.user).await?;
    Ok(ConversationIds { conversation_ids })
}

/// One user's pinned conversations.
pub(super) async fn get_pinned_conversation_ids(
    host: Arc<Host>,
    context: Context,
    request: UserRequest,
) -> Result<ConversationIds, Failure> {
    let conversation_ids = host.service.get_pinned_conversation_ids(&context, request.user).await?;
    Ok(ConversationIds { conversation_ids })
}
