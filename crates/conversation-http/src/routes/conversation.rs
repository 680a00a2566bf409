//! The calls under `/conversation`.

use std::sync::Arc;

use conversation_core::{Conversation, SetConversationsRequest, Text};
use conversation_service::Context;
use serde::{Deserialize, Serialize};

use crate::{Failure, Host};

/// Sets fields of one conversation for many users.
pub(super) async fn set_conversations(
    host: Arc<Host>,
    context: Context,
    request: SetConversationsRequest,
) -> Result<(), Failure> {
    host.service.set_conversations(&context, request).await?;
    Ok(())
}

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
