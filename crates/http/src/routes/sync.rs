//! The calls under `/conversation` by which a client keeps a copy.

use std::sync::Arc;

use conversation_settings_core::{Text, UserId};
use conversation_settings_service::{Context, FullConversationIds, IncrementalConversations};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{Api, ApiError, openapi::PostRoute};

#[derive(Deserialize, ToSchema)]
pub(super) struct GetFullConversationIdsRequest {
    /// Whose.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user: Option<Text>,
    /// What the client holds: the first eight bytes, as a big-endian number, of the MD5 of its IDs as a JSON array; 0 of
    /// none.
    #[serde(rename = "idHash")]
    id_hash: Option<u64>,
}

pub(super) const GET_FULL_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_full_conversation_ids",
    summary: "The IDs of all conversations of one user",
    description: "And the version at which they are so, both of one moment: where a client begins, and goes on with increments. \
                  Where the client holds just these IDs, as its hash tells, they are left out and `equal` is true.",
    fails: &[],
    example: r#"{"userID":"bob","idHash":0}"#,
};

/// The IDs of all of one user's conversations, and the version at which they are so.
pub(super) async fn get_full_conversation_ids(
    host: Arc<Api>,
    context: Context,
    request: GetFullConversationIdsRequest,
) -> Result<FullConversationIds, ApiError> {
    Ok(host.service.get_full_conversation_ids(&context, request.user, request.id_hash).await?)
}

#[derive(Deserialize, ToSchema)]
pub(super) struct GetIncrementalConversationsRequest {
    /// Whose.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user: Option<Text>,
    /// The `versionID` that came with it; empty where the client holds nothing.
    #[serde(rename = "versionID")]
    #[schema(value_type = Option<String>)]
    version_id: Option<Text>,
    /// The `version` that the client holds.
    version: Option<u64>,
}

pub(super) const GET_INCREMENTAL_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_incremental_conversations",
    summary: "What has changed of the conversations of one user",
    description: "Since the version that the client holds. Where that cannot be told, as the version is of another log or too much \
                  has changed, `full` is true and the client begins anew.",
    fails: &[],
    example: r#"{"userID":"bob","versionID":"","version":0}"#,
};

/// What has changed of one user's conversations since a version.
pub(super) async fn get_incremental_conversations(
    host: Arc<Api>,
    context: Context,
    request: GetIncrementalConversationsRequest,
) -> Result<IncrementalConversations, ApiError> {
    let GetIncrementalConversationsRequest { user, version_id, version } = request;
    Ok(host.service.get_incremental_conversations(&context, user, version_id, version).await?)
}
