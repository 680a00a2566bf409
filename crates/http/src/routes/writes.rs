//! The routes under `/conversation` that write.

use std::sync::Arc;

use conversation_settings_core::{ArgsError, Path, Violation};
use conversation_settings_openim::Code;
use conversation_settings_service::{Action, Context, CustomSettings, ServiceError};

use crate::{
    Api, ApiError,
    metrics::record_users,
    route::PostRoute,
    wire::{DeleteConversationsRequest, Removal, Reported, SetConversationsRequest, UpdateConversationsByUserRequest},
};

pub(super) const SET_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/set_conversations",
    summary: "Set fields of one conversation for many users",
    description: "Writes everything or nothing. A setting that is absent or `null` is kept, user by user; a setting that is present \
                  is set, to zero and to the empty text too. A user who does not have the conversation gets it, with defaults \
                  for the other settings, unless the request sets nothing or the server is configured to reject it. A new \
                  conversation's IDs have no white space around them. The ID of a single chat that names its two users names \
                  them in byte order, an ID that begins with `sg_` belongs to a group, and a group's does not begin with `si_`. If a user who \
                  is no administrator creates a single chat, its ID does not name that user and another than `userID`.\n\n\
                  Setting `isPrivateChat` in a single chat sets it for the other party too, if it changes it for a user; the other \
                  party gets the conversation only when private chat is turned on. A repeated call is a no-op, and so is a call \
                  that sets what was read. With `report` the response lists what happened to each user, and the names that the \
                  server ignores. With `dryRun` nothing is written: the response has `dryRun` true and lists what would \
                  happen.\n\n\
                  A user may set their own conversations only, and `isPrivateChat` only in a single chat of their own.",
    fails: &[Code::RecordNotFound, Code::DismissedAlready],
    example: r#"{"userIDs":["alice","bob"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true,"recvMsgOpt":2}}"#,
};

pub(super) async fn set_conversations(
    api: Arc<Api>,
    context: Context,
    mut request: SetConversationsRequest,
) -> Result<Reported, ApiError> {
    let ignored = request.take_ignored();
    let (is_dry_run, wants_report, users) = (request.is_dry_run(), request.wants_report(), request.user_count());
    check_ignored(api.service.custom(), &ignored)?;
    let set = request.check(api.service.limits())?;
    let report =
        if is_dry_run { api.service.preview(&context, &set).await? } else { api.service.set(&context, set).await? };
    record_users(users);
    Ok(if wants_report { Reported::new(report, is_dry_run, ignored) } else { Reported::NOTHING })
}

/// Refuses a setting of the host's own beside `custom`: it would be acknowledged and not set.
fn check_ignored(declared: &CustomSettings, ignored: &[String]) -> Result<(), ArgsError> {
    let is_declared = |path: &&String| {
        let name = path.strip_prefix("conversation.").unwrap_or(path);
        declared.iter().any(|(declared, _)| **declared == *name)
    };
    ignored.iter().find(is_declared).map_or(Ok(()), |path| {
        let rule = Violation::Rule("belongs in conversation.custom".into());
        Err(ArgsError::new(Path::Decoded(path.clone()), rule))
    })
}

pub(super) const DELETE_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/delete_conversations",
    summary: "Remove conversations of a user",
    description: "Removes the conversations of `conversationIDs`, or those whose last message is more than `needDeleteTime` days old. \
                  Set exactly one of the two; `needDeleteTime` only if the server knows when messages were sent. A conversation \
                  that the user does not have is not an error.",
    fails: &[],
    example: r#"{"ownerUserID":"bob","conversationIDs":["sg_team"]}"#,
};

pub(super) async fn delete_conversations(
    api: Arc<Api>,
    context: Context,
    request: DeleteConversationsRequest,
) -> Result<(), ApiError> {
    let (owner, removal) = request.check()?;
    let removed = match removal {
        Removal::Ids(ids) => api.service.remove(&context, &owner, &ids).await,
        Removal::OlderThan(age) => api.service.remove_older_than(&context, &owner, age).await,
    };
    match removed {
        Ok(_) => Ok(()),
        Err(ServiceError::NoMessages) => Err(DeleteConversationsRequest::no_messages().into()),
        Err(error) => Err(error.into()),
    }
}

pub(super) const UPDATE_CONVERSATIONS_BY_USER: PostRoute = PostRoute {
    path: "/conversation/update_conversations_by_user",
    summary: "Set the extension in the peers' views of a user's single chats",
    description: "Sets `ex` in the other party's view of each single chat that the user has.",
    fails: &[],
    example: r#"{"userID":"bob","ex":"on holiday"}"#,
};

pub(super) async fn update_conversations_by_user(
    api: Arc<Api>,
    context: Context,
    request: UpdateConversationsByUserRequest,
) -> Result<(), ApiError> {
    let (user, ex) = request.check()?;
    match ex {
        Some(ex) => api.service.set_ex_for_peers(&context, &user, ex).await.map(drop)?,
        None => api.service.authorize(&context, Action::SetExForPeers(&user)).await?,
    }
    Ok(())
}
