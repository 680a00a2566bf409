//! The calls under `/conversation` by which a client keeps a copy.

use std::sync::Arc;

use conversation_core::Text;
use conversation_service::{Context, FullConversationIds, IncrementalConversations};
use serde::Deserialize;

use crate::{Failure, Host};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetFullConversationIdsRequest {
    #[serde(rename = "userID")]
    user: Option<Text>,
    #[serde(rename = "idHash")]
    id_hash: Option<u64>,
}

/// The IDs of all of one user's conversations, and the version at which they are so.
pub(super) async fn get_full_conversation_ids(
    host: Arc<Host>,
    context: Context,
    request: GetFullConversationIdsRequest,
) -> Result<FullConversationIds, Failure> {
    Ok(host.service.get_full_conversation_ids(&context, request.user, request.id_hash).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetIncrementalConversationsRequest {
    #[serde(rename = "userID")]
    user: Option<Text>,
    #[serde(rename = "versionID")]
    version_id: Option<Text>,
    version: Option<u64>,
}

/// What has changed of one user's conversations since a version.
pub(super) async fn get_incremental_conversations(
    host: Arc<Host>,
    context: Context,
    request: GetIncrementalConversationsRequest,
) -> Result<IncrementalConversations, Failure> {
    let GetIncrementalConversationsRequest { user, version_id, version } = request;
    Ok(host.service.get_incremental_conversations(&context, user, version_id, version).await?)
}
