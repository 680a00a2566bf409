//! The routes under `/conversation` that read.

use std::sync::Arc;

use conversation_settings_core::{ConversationId, Key, Patch, RecvMsgOpt};
use conversation_settings_openim::Code;
use conversation_settings_service::{Context, ConversationPages, ServiceError};
use conversation_settings_store::{Filter, PageRequest};

use crate::{
    Api, ApiError,
    reply::List,
    route::PostRoute,
    wire::{
        ConversationIds, Conversations, GetAllConversationsRequest, GetConversationRequest, GetConversationsRequest,
        GetOwnerConversationRequest, GetSortedConversationListRequest, OneConversation, OwnerConversations,
        SortedConversations, UserRequest,
    },
};

/// The whole list.
const ALL: PageRequest<ConversationId> = PageRequest::first(usize::MAX);

pub(super) const GET_CONVERSATION: PostRoute = PostRoute {
    path: "/conversation/get_conversation",
    summary: "Get one conversation of a user",
    description: "Returns the user's own view of the conversation, or 1004 if the user does not have it.",
    fails: &[Code::RecordNotFound],
    example: r#"{"ownerUserID":"bob","conversationID":"sg_team"}"#,
};

pub(super) async fn get_conversation(
    api: Arc<Api>,
    context: Context,
    request: GetConversationRequest,
) -> Result<OneConversation, ApiError> {
    let (owner, id) = request.check()?;
    let found = api.service.get(&context, &owner, &id).await?;
    Ok(found.ok_or_else(|| ServiceError::NotFound(Key::new(owner, id)))?.into())
}

pub(super) const GET_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_conversations",
    summary: "Get some conversations of a user",
    description: "Returns the conversations in the order of the request, each once. Conversations that the user does not have \
                  are left out.",
    fails: &[],
    example: r#"{"ownerUserID":"bob","conversationIDs":["sg_team","si_alice_bob"]}"#,
};

pub(super) async fn get_conversations(
    api: Arc<Api>,
    context: Context,
    request: GetConversationsRequest,
) -> Result<List<Conversations>, ApiError> {
    let (owner, ids) = request.check()?;
    let pages = api.service.pages_of(&context, &owner, ids).await?;
    Ok(List::begin(Conversations::default(), pages).await?)
}

pub(super) const GET_ALL_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_all_conversations",
    summary: "Get all conversations of a user",
    description: "Returns the conversations in the byte order of their IDs.",
    fails: &[],
    example: r#"{"ownerUserID":"bob"}"#,
};

pub(super) async fn get_all_conversations(
    api: Arc<Api>,
    context: Context,
    request: GetAllConversationsRequest,
) -> Result<List<Conversations>, ApiError> {
    let pages = api.service.pages(&context, &request.check()?, Filter::ALL, ALL).await?;
    Ok(List::begin(Conversations::default(), pages).await?)
}

pub(super) const GET_OWNER_CONVERSATION: PostRoute = PostRoute {
    path: "/conversation/get_owner_conversation",
    summary: "Get a page of a user's conversations",
    description: "Returns the conversations in the byte order of their IDs, and the number of conversations on all pages.",
    fails: &[],
    example: r#"{"userID":"bob","pagination":{"pageNumber":1,"showNumber":20}}"#,
};

pub(super) async fn get_owner_conversation(
    api: Arc<Api>,
    context: Context,
    request: GetOwnerConversationRequest,
) -> Result<List<OwnerConversations>, ApiError> {
    let (user, range) = request.check()?;
    let first = range.start..range.end.min(range.start.saturating_add(ConversationPages::FIRST_ROWS));
    let mut found = api.service.list_range(&context, &user, first.clone()).await?;
    let is_whole = found.conversations.len() < first.len();
    let fitting = ConversationPages::fitting(&found.conversations);
    let is_cut = fitting < found.conversations.len();
    found.conversations.truncate(fitting);
    let left = range.len() - fitting;
    match found.conversations.last().map(|last| last.key.conversation_id.clone()) {
        Some(last) if left > 0 && (is_cut || !is_whole) => {
            let pages = api.service.pages(&context, &user, Filter::ALL, PageRequest::after(last, left)).await?;
            Ok(List::begin(found.into(), pages).await?)
        }
        _ => Ok(List::whole(found.into())),
    }
}

pub(super) const GET_SORTED_CONVERSATION_LIST: PostRoute = PostRoute {
    path: "/conversation/get_sorted_conversation_list",
    summary: "Get a page of a user's conversations, as a client lists them",
    description: "Pinned conversations come first, then those with the latest message. A conversation without a message, or any if \
                  the server does not know of messages, counts with the time at which the user got it. Conversations of the \
                  same time come in the byte order of their IDs.",
    fails: &[],
    example: r#"{"userID":"bob","pagination":{"pageNumber":1,"showNumber":20}}"#,
};

pub(super) async fn get_sorted_conversation_list(
    api: Arc<Api>,
    context: Context,
    request: GetSortedConversationListRequest,
) -> Result<SortedConversations, ApiError> {
    let (user, ids, range) = request.check()?;
    Ok(api.service.sorted_list(&context, &user, ids.as_deref(), range).await?.into())
}

pub(super) const GET_NOT_NOTIFY_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_not_notify_conversation_ids",
    summary: "Get the IDs of the conversations that do not notify a user",
    description: "Returns the conversations whose `recvMsgOpt` is 2.",
    fails: &[],
    example: r#"{"userID":"bob"}"#,
};

pub(super) async fn get_not_notify_conversation_ids(
    api: Arc<Api>,
    context: Context,
    request: UserRequest,
) -> Result<List<ConversationIds>, ApiError> {
    let filter = Filter::is(Patch::KEEP.recv_msg_opt(RecvMsgOpt::ReceiveWithoutNotifying));
    let pages = api.service.pages(&context, &request.check()?, filter, ALL).await?;
    Ok(List::begin(ConversationIds::default(), pages).await?)
}

pub(super) const GET_PINNED_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_pinned_conversation_ids",
    summary: "Get the IDs of a user's pinned conversations",
    description: "Returns the conversations whose `isPinned` is true.",
    fails: &[],
    example: r#"{"userID":"bob"}"#,
};

pub(super) async fn get_pinned_conversation_ids(
    api: Arc<Api>,
    context: Context,
    request: UserRequest,
) -> Result<List<ConversationIds>, ApiError> {
    let filter = Filter::is(Patch::KEEP.is_pinned(true));
    let pages = api.service.pages(&context, &request.check()?, filter, ALL).await?;
    Ok(List::begin(ConversationIds::default(), pages).await?)
}
