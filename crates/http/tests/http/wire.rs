//! OpenIM's JSON, byte by byte, where it is more than the service's values.

use std::{collections::HashMap, sync::Arc};

use axum::Router;
use conversation_settings_core::{ConversationId, Timestamp, UserId};
use conversation_settings_http::Api;
use conversation_settings_service::{Clock, Latest, Message, Messages, MessagesError, Service};
use conversation_settings_store_memory::MemoryStore;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, token, tokens};

const NOW: i64 = 1_700_000_000_000;
const DAY: i64 = 86_400_000;

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp(NOW)
    }
}

/// One unread message in `sg_a`, sent four days ago.
#[async_trait::async_trait]
impl Messages for Fixed {
    async fn latest(
        &self,
        _: &UserId,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Latest>, MessagesError> {
        let message = Message { sent_at: Timestamp(NOW - 4 * DAY), ..Message::default() };
        let latest = Latest { unread_count: 1, message: Some(message) };
        Ok(ids.iter().filter(|id| id.as_str() == "sg_a").map(|id| (id.clone(), latest.clone())).collect())
    }
}

async fn data(router: &Router, name: &str, body: Value) -> Value {
    let mut envelope = call(router, &format!("/conversation/{name}"), &token(ADMIN), &body).await;
    assert_eq!(envelope["errCode"], 0, "{name}: {envelope}");
    envelope["data"].take()
}

async fn set(router: &Router, id: &str, field: &str, value: Value) {
    let conversation = json!({ "conversationID": id, "conversationType": 3, "groupID": "g", field: value });
    data(router, "set_conversations", json!({ "userIDs": ["alice"], "conversation": conversation })).await;
}

/// A router that knows of messages, on which alice has `sg_a`, and `sg_b` pinned.
async fn with_messages() -> Router {
    let service = Service::builder(MemoryStore::new()).clock(Arc::new(Fixed)).messages(Arc::new(Fixed)).build();
    let router = Api::with_tokens(service, tokens()).router();
    set(&router, "sg_a", "ex", json!("x")).await;
    set(&router, "sg_b", "isPinned", json!(true)).await;
    router
}

/// The response as text, in which the order of the keys shows.
async fn text(router: &Router, name: &str, body: &Value) -> String {
    let path = format!("/conversation/{name}");
    send(router, request(&path, &token(ADMIN), body.to_string())).await.1
}

#[tokio::test]
async fn writes_a_sorted_entry_as_clients_read_it() {
    let router = with_messages().await;
    let page = json!({ "pageNumber": 1, "showNumber": 10 });
    let listed = data(&router, "get_sorted_conversation_list", json!({ "userID": "alice", "pagination": page })).await;
    assert_eq!((&listed["conversationTotal"], &listed["unreadTotal"]), (&json!(2), &json!(1)));
    let without = json!({
        "conversationID": "sg_b", "recvMsgOpt": 0, "unreadCount": 0, "IsPinned": true, "msgInfo": null,
    });
    assert_eq!(listed["conversationElems"][0], without);
    let message = json!({
        "serverMsgID": "", "clientMsgID": "", "sessionType": 0, "sendID": "", "recvID": "", "senderName": "",
        "faceURL": "", "groupID": "", "groupName": "", "groupFaceURL": "", "groupType": 0, "groupMemberCount": 0,
        "LatestMsgRecvTime": NOW - 4 * DAY, "msgFrom": 0, "contentType": 0, "content": "", "ex": "",
    });
    assert_eq!(listed["conversationElems"][1]["msgInfo"], message);
    assert_eq!(listed["conversationElems"][1]["unreadCount"], 1);

    let empty = text(&router, "get_sorted_conversation_list", &json!({ "userID": "bob", "pagination": page })).await;
    let expected = r#"{"errCode":0,"errMsg":"","errDlt":"","data":{"conversationTotal":0,"unreadTotal":0,"conversationElems":[]}}"#;
    assert_eq!(empty, expected);
    let named = json!({ "userID": "alice", "pagination": page, "conversationIDs": [] });
    let all = data(&router, "get_sorted_conversation_list", named).await;
    assert_eq!(all["conversationTotal"], 2, "an empty list names all");
}

#[tokio::test]
async fn writes_full_ids_in_the_order_of_openims_keys() {
    let router = router();
    set(&router, "sg_a", "ex", json!("x")).await;
    let full = data(&router, "get_full_conversation_ids", json!({ "userID": "alice", "idHash": 0 })).await;
    let log = full["versionID"].as_str().unwrap();
    let expected = format!(
        r#"{{"errCode":0,"errMsg":"","errDlt":"","data":{{"version":1,"versionID":"{log}","equal":false,"conversationIDs":["sg_a"]}}}}"#
    );
    assert_eq!(text(&router, "get_full_conversation_ids", &json!({ "userID": "alice" })).await, expected);
    let nobody = data(&router, "get_full_conversation_ids", json!({ "userID": "bob", "idHash": 0 })).await;
    assert_eq!((&nobody["equal"], &nobody["version"]), (&json!(true), &json!(0)), "the hash of no IDs is 0");
}

#[tokio::test]
async fn requires_a_full_sync_for_text_that_is_no_version_id() {
    let router = router();
    set(&router, "sg_a", "ex", json!("x")).await;
    set(&router, "sg_b", "ex", json!("x")).await;
    let log = data(&router, "get_full_conversation_ids", json!({ "userID": "alice" })).await["versionID"].clone();
    let log = log.as_str().unwrap();
    let since = async |version_id: &str, version: u64| {
        let body = json!({ "userID": "alice", "versionID": version_id, "version": version });
        data(&router, "get_incremental_conversations", body).await
    };
    for (version_id, version) in
        [("", 0), ("zz", 1), (&log[1..], 1), (&"\u{0}".repeat(24), 1), (&"x".repeat(100_000), 1)]
    {
        let changes = since(version_id, version).await;
        assert_eq!((&changes["full"], &changes["version"]), (&json!(true), &json!(2)), "{version_id} {version}");
    }
    let changes = since(&log.to_uppercase(), 1).await;
    assert_eq!((&changes["full"], &changes["insert"][0]["conversationID"]), (&json!(false), &json!("sg_b")));
}

#[tokio::test]
async fn removes_by_days() {
    let router = with_messages().await;
    let ids = async || {
        let all = data(&router, "get_all_conversations", json!({ "ownerUserID": "alice" })).await;
        let ids = all["conversations"].as_array().unwrap().iter().map(|one| one["conversationID"].to_string());
        ids.collect::<Vec<_>>()
    };
    for (days, left) in [(i64::MAX, 2), (i64::MAX / DAY, 2), (4, 2), (3, 1)] {
        let body = json!({ "ownerUserID": "alice", "needDeleteTime": days });
        assert_eq!(data(&router, "delete_conversations", body).await, Value::Null);
        assert_eq!(ids().await.len(), left, "{days} days");
    }
    assert_eq!(ids().await, [r#""sg_b""#]);
}

#[tokio::test]
async fn sets_nothing_without_an_extension() {
    let router = router();
    let single = json!({ "conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob", "ex": "x" });
    data(&router, "set_conversations", json!({ "userIDs": ["alice", "bob"], "conversation": single })).await;
    for body in [json!({ "userID": "alice" }), json!({ "userID": "alice", "ex": null })] {
        assert_eq!(data(&router, "update_conversations_by_user", body.clone()).await, Value::Null);
        let by_bob = call(&router, "/conversation/update_conversations_by_user", &token("bob"), &body).await;
        assert_eq!(by_bob["errCode"], 1002, "the caller is checked first");
    }
    let bobs = json!({ "ownerUserID": "bob", "conversationID": "si_alice_bob" });
    assert_eq!(data(&router, "get_conversation", bobs).await["conversation"]["ex"], "x");
}
