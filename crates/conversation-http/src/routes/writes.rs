//! The calls under `/conversation` that write.

use std::sync::Arc;

use conversation_core::{Report, SetConversationsRequest, Text};
use conversation_service::Context;
use serde::Deserialize;

use crate::{Failure, Host};

/// Sets fields of one conversation for many users. The answer carries the report where it is asked for.
pub(super) async fn set_conversations(
    host: Arc<Host>,
    context: Context,
    request: SetConversationsRequest,
) -> Result<Option<Report>, Failure> {
    let wants_report = request.wants_report();
    let report = host.service.set_conversations(&context, request).await?;
    Ok(Some(report).filter(|_| wants_report))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteConversationsRequest {
    #[serde(rename = "ownerUserID")]
    owner: Option<Text>,
    #[serde(rename = "needDeleteTime")]
    days: Option<i64>,
    #[serde(rename = "conversationIDs")]
    conversation_ids: Option<Vec<Text>>,
}

/// Removes some conversations of one user's, or those that are old.
pub(super) async fn delete_conversations(
    host: Arc<Host>,
    context: Context,
    request: DeleteConversationsRequest,
) -> Result<(), Failure> {
    let DeleteConversationsRequest { owner, days, conversation_ids } = request;
    host.service.delete_conversations(&context, owner, days, conversation_ids).await?;
    Ok(())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UpdateConversationsByUserRequest {
    #[serde(rename = "userID")]
    user: Option<Text>,
    ex: Option<Text>,
}

/// Sets the extension in what others see of one user.
pub(super) async fn update_conversations_by_user(
    host: Arc<Host>,
    context: Context,
    request: UpdateConversationsByUserRequest,
) -> Result<(), Failure> {
    host.service.update_conversations_by_user(&context, request.user, request.ex).await?;
    Ok(())
}
