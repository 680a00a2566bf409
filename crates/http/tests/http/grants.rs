//! A host that grants more than its default rules: a group's owner mutes the members, and a support role reads.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{Router, http::StatusCode};
use conversation_settings_core::{Field, Mask, UserId};
use conversation_settings_http::Api;
use conversation_settings_service::{Action, Authorize, AuthorizeError, Context, OwnerOrAdmin, Service, ServiceError};
use conversation_settings_store_memory::MemoryStore;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, send, token, tokens};

/// The roles of a host: alice owns the group `team` of bob and carol, and dave is of the support.
#[derive(Debug)]
struct Roles;

fn is_member(user: &UserId) -> bool {
    ["bob", "carol"].contains(&user.as_str())
}

#[async_trait]
impl Authorize for Roles {
    async fn authorize(&self, context: &Context, action: Action<'_>) -> Result<(), ServiceError> {
        match (context.caller.user_id().as_str(), action) {
            ("dave", Action::Read(_)) => Ok(()),
            ("alice", Action::Set(set))
                if set.mask() == Mask::from(Field::RecvMsgOpt)
                    && set.conversation_id().as_str() == "sg_team"
                    && set.users().iter().all(is_member) =>
            {
                Ok(())
            }
            ("eve", _) => Err(AuthorizeError("mark-private".into()).into()),
            _ => OwnerOrAdmin.authorize(context, action).await,
        }
    }
}

fn router() -> Router {
    let service = Service::builder(Arc::new(MemoryStore::new())).authorize(Arc::new(Roles)).build();
    Api::with_tokens(service, tokens()).router()
}

fn set(users: &[&str], conversation_id: &str, settings: &Value) -> Value {
    let mut conversation = json!({ "conversationID": conversation_id, "conversationType": 3, "groupID": "team" });
    conversation.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    json!({ "userIDs": users, "conversation": conversation })
}

async fn code(router: &Router, caller: &str, path: &str, body: &Value) -> Value {
    call(router, &format!("/conversation/{path}"), &token(caller), body).await["errCode"].clone()
}

async fn view(router: &Router, owner: &str) -> Value {
    let body = json!({ "ownerUserID": owner });
    let response = call(router, "/conversation/get_all_conversations", &token(ADMIN), &body).await;
    response["data"]["conversations"].clone()
}

#[tokio::test]
async fn lets_the_owner_of_a_group_mute_its_members() {
    let router = router();
    let mute = json!({ "recvMsgOpt": 2 });
    let others = set(&["bob", "carol"], "sg_other", &mute);
    assert_eq!(code(&router, ADMIN, "set_conversations", &others).await, 0);

    let members = set(&["bob", "carol"], "sg_team", &mute);
    assert_eq!(code(&router, "alice", "set_conversations", &members).await, 0);
    for member in ["bob", "carol"] {
        let muted = view(&router, member).await[1].clone();
        assert_eq!((&muted["conversationID"], &muted["recvMsgOpt"]), (&json!("sg_team"), &json!(2)), "{muted}");
    }

    let before = [view(&router, "bob").await, view(&router, "carol").await];
    for (caller, body) in [
        ("carol", set(&["bob"], "sg_team", &json!({ "recvMsgOpt": 0 }))),
        ("alice", set(&["bob", "stranger"], "sg_team", &json!({ "recvMsgOpt": 0 }))),
        ("alice", set(&["bob"], "sg_team", &json!({ "recvMsgOpt": 0, "isPinned": true }))),
        ("alice", set(&["bob"], "sg_team", &json!({ "isPinned": true }))),
        // The request names alice's group, but the conversation is another's.
        ("alice", set(&["bob"], "sg_other", &json!({ "recvMsgOpt": 0 }))),
    ] {
        assert_eq!(code(&router, caller, "set_conversations", &body).await, 1002, "{caller}: {body}");
    }
    assert_eq!(code(&router, "alice", "get_all_conversations", &json!({ "ownerUserID": "bob" })).await, 1002);
    assert_eq!([view(&router, "bob").await, view(&router, "carol").await], before, "a refused call writes nothing");
}

#[tokio::test]
async fn lets_a_support_role_read_and_nothing_else() {
    let router = router();
    let pin = set(&["bob"], "sg_team", &json!({ "isPinned": true }));
    assert_eq!(code(&router, ADMIN, "set_conversations", &pin).await, 0);
    let before = view(&router, "bob").await;

    let (owner, page) = ("bob", json!({ "pageNumber": 1, "showNumber": 10 }));
    let arguments = json!({
        "ownerUserID": owner, "userID": owner, "conversationID": "sg_team", "conversationIDs": ["sg_team"],
        "pagination": page, "idHash": 0, "versionID": "", "version": 0,
    });
    let only = |names: &[&str]| -> Value {
        names.iter().map(|&name| (name.to_owned(), arguments[name].clone())).collect::<serde_json::Map<_, _>>().into()
    };
    for (path, names) in [
        ("get_conversation", &["ownerUserID", "conversationID"][..]),
        ("get_conversations", &["ownerUserID", "conversationIDs"]),
        ("get_all_conversations", &["ownerUserID"]),
        ("get_owner_conversation", &["userID", "pagination"]),
        ("get_sorted_conversation_list", &["userID", "pagination"]),
        ("get_not_notify_conversation_ids", &["userID"]),
        ("get_pinned_conversation_ids", &["userID"]),
        ("get_full_conversation_ids", &["userID", "idHash"]),
        ("get_incremental_conversations", &["userID", "versionID", "version"]),
    ] {
        assert_eq!(code(&router, "dave", path, &only(names)).await, 0, "{path}");
        assert_eq!(code(&router, "mallory", path, &only(names)).await, 1002, "{path}");
    }
    let mut dry_run = pin.clone();
    dry_run["dryRun"] = json!(true);
    for (path, body) in [
        ("set_conversations", pin),
        ("set_conversations", dry_run),
        ("delete_conversations", only(&["ownerUserID", "conversationIDs"])),
        ("update_conversations_by_user", json!({ "userID": "bob", "ex": "x" })),
        ("update_conversations_by_user", json!({ "userID": "bob" })),
    ] {
        assert_eq!(code(&router, "dave", path, &body).await, 1002, "{path}: {body}");
    }
    assert_eq!(view(&router, "bob").await, before);
    let token_for_bob = json!({ "userID": "bob", "platformID": 5 });
    assert_eq!(call(&router, "/auth/get_user_token", &token("dave"), &token_for_bob).await["errCode"], 1002);
}

#[tokio::test]
async fn hides_why_the_hosts_rules_cannot_be_read() {
    let body = json!({ "ownerUserID": "eve" }).to_string();
    let (status, text) = send(&router(), request("/conversation/get_all_conversations", &token("eve"), body)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text, r#"{"errCode":500,"errMsg":"ServerInternalError","errDlt":"op-1"}"#);
}
