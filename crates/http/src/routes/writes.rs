//! The calls under `/conversation` that write.

use std::sync::Arc;

use conversation_settings_core::{ConversationId, Report, SetConversationsRequest, Text, UserId};
use conversation_settings_openim::Code;
use conversation_settings_service::Context;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Api, ApiError, metrics::record_users, openapi::PostRoute};

pub(super) const SET_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/set_conversations",
    summary: "Set fields of one conversation for many users",
    description: "All of it or nothing. A setting that is absent or `null` is kept, user by user; one that is there is set, to zero \
                  and the empty text too. Who has not got the conversation gets it, with defaults for the rest, unless the \
                  server is told to reject. Setting `isPrivateChat` in a single chat sets it for the other party as well. \
                  Where nothing changes, nothing is written: a call may always be repeated.\n\n\
                  A user may set their own conversations only, and `isPrivateChat` only in a single chat of their own.",
    fails: &[Code::RecordNotFound, Code::DismissedAlready],
    example: r#"{"userIDs":["alice","bob"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true,"recvMsgOpt":2}}"#,
};

/// What happened to each user, where it was asked for.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub(super) struct Reported(Option<Report>);

/// Sets fields of one conversation for many users. The answer carries the report where it is asked for.
pub(super) async fn set_conversations(
    host: Arc<Api>,
    context: Context,
    request: SetConversationsRequest,
) -> Result<Reported, ApiError> {
    let wants_report = request.wants_report();
    let users = request.user_ids.as_ref().map_or(0, Vec::len);
    let report = host.service.set_conversations(&context, request).await?;
    record_users(users);
    Ok(Reported(Some(report).filter(|_| wants_report)))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct DeleteConversationsRequest {
    /// Whose.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = UserId)]
    owner: Option<Text>,
    /// Those whose last message is more than so many days old; absent or 0: those of `conversationIDs`.
    #[serde(rename = "needDeleteTime")]
    #[schema(minimum = 0)]
    days: Option<i64>,
    /// Which.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Option<Vec<ConversationId>>)]
    conversation_ids: Option<Vec<Text>>,
}

pub(super) const DELETE_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/delete_conversations",
    summary: "Remove conversations of one user",
    description: "Those of `conversationIDs`, or those whose last message is more than `needDeleteTime` days old: one of the two, \
                  and days only where the server is told when messages were sent. One that the user has not got is no error.",
    fails: &[],
    example: r#"{"ownerUserID":"bob","conversationIDs":["sg_team"]}"#,
};

/// Removes some conversations of one user's, or those that are old.
pub(super) async fn delete_conversations(
    host: Arc<Api>,
    context: Context,
    request: DeleteConversationsRequest,
) -> Result<(), ApiError> {
    let DeleteConversationsRequest { owner, days, conversation_ids } = request;
    host.service.delete_conversations(&context, owner, days, conversation_ids).await?;
    Ok(())
}

#[derive(Deserialize, ToSchema)]
pub(super) struct UpdateConversationsByUserRequest {
    /// Whom others see.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user: Option<Text>,
    /// What to set; absent or `null`: nothing is set.
    #[schema(value_type = Option<String>)]
    ex: Option<Text>,
}

pub(super) const UPDATE_CONVERSATIONS_BY_USER: PostRoute = PostRoute {
    path: "/conversation/update_conversations_by_user",
    summary: "Set the extension in what others see of one user",
    description: "In the single chats that the user has: `ex` of the other party’s view.",
    fails: &[],
    example: r#"{"userID":"bob","ex":"on holiday"}"#,
};

/// Sets the extension in what others see of one user.
pub(super) async fn update_conversations_by_user(
    host: Arc<Api>,
    context: Context,
    request: UpdateConversationsByUserRequest,
) -> Result<(), ApiError> {
    host.service.update_conversations_by_user(&context, request.user, request.ex).await?;
    Ok(())
}
