//! The calls under `/conversation` that read.

use std::sync::Arc;

use conversation_settings_core::{Conversation, ConversationId, Text, UserId};
use conversation_settings_openim::Code;
use conversation_settings_service::{Context, OwnerConversations, Pagination, SortedConversations};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Api, ApiError, openapi::PostRoute};

#[derive(Deserialize, ToSchema)]
pub(super) struct GetConversationRequest {
    /// Whose.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = UserId)]
    owner: Option<Text>,
    /// Which.
    #[serde(rename = "conversationID")]
    #[schema(value_type = ConversationId)]
    conversation_id: Option<Text>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OneConversation {
    /// It.
    conversation: Conversation,
}

pub(super) const GET_CONVERSATION: PostRoute = PostRoute {
    path: "/conversation/get_conversation",
    summary: "One conversation of one user",
    description: "As the user has it.",
    fails: &[Code::RecordNotFound],
    example: r#"{"ownerUserID":"bob","conversationID":"sg_team"}"#,
};

/// One conversation of one user's.
pub(super) async fn get_conversation(
    host: Arc<Api>,
    context: Context,
    request: GetConversationRequest,
) -> Result<OneConversation, ApiError> {
    let conversation = host.service.get_conversation(&context, request.owner, request.conversation_id).await?;
    Ok(OneConversation { conversation })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct GetConversationsRequest {
    /// Whose.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = UserId)]
    owner: Option<Text>,
    /// Which: in the order in which they are answered, each once.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Vec<ConversationId>, min_items = 1)]
    conversation_ids: Option<Vec<Text>>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Conversations {
    /// They.
    conversations: Vec<Conversation>,
}

pub(super) const GET_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_conversations",
    summary: "Some conversations of one user",
    description: "In the order asked, each once. Those that the user has not got are left out.",
    fails: &[],
    example: r#"{"ownerUserID":"bob","conversationIDs":["sg_team","si_alice_bob"]}"#,
};

/// Some conversations of one user's.
pub(super) async fn get_conversations(
    host: Arc<Api>,
    context: Context,
    request: GetConversationsRequest,
) -> Result<Conversations, ApiError> {
    let conversations = host.service.get_conversations(&context, request.owner, request.conversation_ids).await?;
    Ok(Conversations { conversations })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct GetAllConversationsRequest {
    /// Whose.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = UserId)]
    owner: Option<Text>,
}

pub(super) const GET_ALL_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_all_conversations",
    summary: "All conversations of one user",
    description: "In the byte order of their IDs.",
    fails: &[],
    example: r#"{"ownerUserID":"bob"}"#,
};

/// All conversations of one user's.
pub(super) async fn get_all_conversations(
    host: Arc<Api>,
    context: Context,
    request: GetAllConversationsRequest,
) -> Result<Conversations, ApiError> {
    let conversations = host.service.get_all_conversations(&context, request.owner).await?;
    Ok(Conversations { conversations })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct GetOwnerConversationRequest {
    /// Whose.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user: Option<Text>,
    /// Which page.
    #[schema(value_type = Pagination)]
    pagination: Option<Pagination>,
}

pub(super) const GET_OWNER_CONVERSATION: PostRoute = PostRoute {
    path: "/conversation/get_owner_conversation",
    summary: "A page of the conversations of one user",
    description: "In the byte order of their IDs, with how many there are on all pages.",
    fails: &[],
    example: r#"{"userID":"bob","pagination":{"pageNumber":1,"showNumber":20}}"#,
};

/// A page of one user's conversations.
pub(super) async fn get_owner_conversation(
    host: Arc<Api>,
    context: Context,
    request: GetOwnerConversationRequest,
) -> Result<OwnerConversations, ApiError> {
    Ok(host.service.get_owner_conversation(&context, request.user, request.pagination).await?)
}

#[derive(Deserialize, ToSchema)]
pub(super) struct GetSortedConversationListRequest {
    /// Whose.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user: Option<Text>,
    /// Which; absent or empty: all.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Option<Vec<ConversationId>>)]
    conversation_ids: Option<Vec<Text>>,
    /// Which page.
    #[schema(value_type = Pagination)]
    pagination: Option<Pagination>,
}

pub(super) const GET_SORTED_CONVERSATION_LIST: PostRoute = PostRoute {
    path: "/conversation/get_sorted_conversation_list",
    summary: "A page of the conversations of one user, as a client lists them",
    description: "Pinned ones first, then by the time of the last message, the latest first; by when the user got the conversation, \
                  where there is no message or the server is not told of them. Those of the same time come in the byte order \
                  of their IDs.",
    fails: &[],
    example: r#"{"userID":"bob","pagination":{"pageNumber":1,"showNumber":20}}"#,
};

/// A page of one user's conversations as a client lists them.
pub(super) async fn get_sorted_conversation_list(
    host: Arc<Api>,
    context: Context,
    request: GetSortedConversationListRequest,
) -> Result<SortedConversations, ApiError> {
    let GetSortedConversationListRequest { user, conversation_ids, pagination } = request;
    Ok(host.service.get_sorted_conversation_list(&context, user, conversation_ids, pagination).await?)
}

#[derive(Deserialize, ToSchema)]
pub(super) struct UserRequest {
    /// Whose.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user: Option<Text>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ConversationIds {
    /// In byte order.
    #[serde(rename = "conversationIDs")]
    conversation_ids: Vec<ConversationId>,
}

pub(super) const GET_NOT_NOTIFY_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_not_notify_conversation_ids",
    summary: "The conversations that one user receives without notifying",
    description: "Those of which `recvMsgOpt` is 2.",
    fails: &[],
    example: r#"{"userID":"bob"}"#,
};

/// One user's conversations of which messages are received without notifying.
pub(super) async fn get_not_notify_conversation_ids(
    host: Arc<Api>,
    context: Context,
    request: UserRequest,
) -> Result<ConversationIds, ApiError> {
    let conversation_ids = host.service.get_not_notify_conversation_ids(&context, request.user).await?;
    Ok(ConversationIds { conversation_ids })
}

pub(super) const GET_PINNED_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_pinned_conversation_ids",
    summary: "The conversations that one user has pinned",
    description: "Those of which `isPinned` is true.",
    fails: &[],
    example: r#"{"userID":"bob"}"#,
};

/// One user's pinned conversations.
pub(super) async fn get_pinned_conversation_ids(
    host: Arc<Api>,
    context: Context,
    request: UserRequest,
) -> Result<ConversationIds, ApiError> {
    let conversation_ids = host.service.get_pinned_conversation_ids(&context, request.user).await?;
    Ok(ConversationIds { conversation_ids })
}
