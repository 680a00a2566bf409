//! The routes under `/conversation` by which a client keeps a copy.

use std::sync::Arc;

use conversation_settings_service::Context;
use conversation_settings_store::Changes;

use crate::{
    Api, ApiError,
    route::PostRoute,
    wire::{
        FullConversationIds, GetFullConversationIdsRequest, GetIncrementalConversationsRequest,
        IncrementalConversations,
    },
};

pub(super) const GET_FULL_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_full_conversation_ids",
    summary: "Get the IDs of all conversations of a user",
    description: "Returns the IDs and the version at which they are complete: the start of a sync, which increments continue. If \
                  `idHash` matches, the client has exactly these IDs; then they are left out and `equal` is true.",
    fails: &[],
    example: r#"{"userID":"bob","idHash":0}"#,
};

pub(super) async fn get_full_conversation_ids(
    api: Arc<Api>,
    context: Context,
    request: GetFullConversationIdsRequest,
) -> Result<FullConversationIds, ApiError> {
    let (user, client_hash) = request.check()?;
    Ok(FullConversationIds::new(api.service.snapshot(&context, &user).await?, client_hash))
}

pub(super) const GET_INCREMENTAL_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_incremental_conversations",
    summary: "Get the changes of a user's conversations",
    description: "Returns the changes since the version that the client has. If the version is of another log, or too much has \
                  changed, `full` is true and the client must sync in full.",
    fails: &[],
    example: r#"{"userID":"bob","versionID":"","version":0}"#,
};

pub(super) async fn get_incremental_conversations(
    api: Arc<Api>,
    context: Context,
    request: GetIncrementalConversationsRequest,
) -> Result<IncrementalConversations, ApiError> {
    let (user, since) = request.check()?;
    let changes = match since {
        Some(since) => api.service.changes(&context, &user, &since).await?,
        None => Changes::Full(api.service.version(&context, &user).await?),
    };
    Ok(changes.into())
}
