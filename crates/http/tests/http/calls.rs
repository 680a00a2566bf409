//! Successful calls.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use conversation_settings_http::Api;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, service, token, tokens};

const SET: &str = "/conversation/set_conversations";

fn pin(users: &[&str]) -> Value {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true });
    json!({ "userIDs": users, "conversation": conversation })
}

#[tokio::test]
async fn answers_success_without_data_with_null() {
    let (status, text) = send(&router(), request(SET, &token(ADMIN), pin(&["a"]).to_string())).await;
    assert_eq!((status, &*text), (StatusCode::OK, r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#));
}

#[tokio::test]
async fn answers_failure_without_data() {
    let own = json!({ "ownerUserID": "a", "conversationID": "sg_g" }).to_string();
    let (status, text) = send(&router(), request("/conversation/get_conversation", &token("a"), own)).await;
    let envelope =
        r#"{"errCode":1004,"errMsg":"RecordNotFoundError","errDlt":"conversation sg_g of a does not exist"}"#;
    assert_eq!((status, &*text), (StatusCode::OK, envelope));
}

#[tokio::test]
async fn reads_back_what_was_set() {
    let router = router();
    let admin = token(ADMIN);
    call(&router, SET, &admin, &pin(&["a", "b"])).await;
    let own = json!({ "ownerUserID": "b", "conversationID": "sg_g", "conversationIDs": ["none", "sg_g", "sg_g"] });
    let one = call(&router, "/conversation/get_conversation", &token("b"), &own).await["data"]["conversation"].take();
    assert_eq!(
        one,
        json!({
            "ownerUserID": "b", "conversationID": "sg_g", "conversationType": 3, "userID": "", "groupID": "g",
            "recvMsgOpt": 0, "isPinned": true, "isPrivateChat": false, "burnDuration": 0, "groupAtType": 0,
            "attachedInfo": "", "ex": "", "minSeq": 0, "maxSeq": 0, "isMsgDestruct": false, "msgDestructTime": 0,
            "latestMsgDestructTime": 0,
        })
    );
    for path in ["/conversation/get_conversations", "/conversation/get_all_conversations"] {
        let data = call(&router, path, &admin, &own).await["data"].take();
        assert_eq!(data, json!({ "conversations": [one] }), "{path}");
    }
}

#[tokio::test]
async fn answers_no_conversations_with_an_empty_list() {
    let router = router();
    let body = json!({ "ownerUserID": "a", "conversationIDs": ["none"] });
    for path in ["/conversation/get_conversations", "/conversation/get_all_conversations"] {
        let (_, text) = send(&router, request(path, &token("a"), body.to_string())).await;
        assert_eq!(text, r#"{"errCode":0,"errMsg":"","errDlt":"","data":{"conversations":[]}}"#, "{path}");
    }
}

#[tokio::test]
async fn issues_working_tokens() {
    let router = router();
    let body = json!({ "secret": "hush", "userID": ADMIN });
    let admin = call(&router, "/auth/get_admin_token", "", &body).await["data"].take();
    assert_eq!(admin["expireTimeSeconds"], 90 * 24 * 60 * 60);
    let body = json!({ "userID": "alice", "platformID": 1 });
    let alice = call(&router, "/auth/get_user_token", admin["token"].as_str().unwrap(), &body).await["data"].take();
    let set = |users| (alice["token"].as_str().unwrap().to_owned(), pin(users));
    for (users, code) in [(&["alice"][..], 0), (&["bob"], 1002)] {
        let (token, body) = set(users);
        assert_eq!(call(&router, SET, &token, &body).await["errCode"], code);
    }
}

#[tokio::test]
async fn is_healthy_and_ready() {
    for path in ["/healthz", "/readyz"] {
        let response = send(&router(), Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response, (StatusCode::OK, r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#.to_owned()));
    }
}

#[tokio::test]
async fn serves_every_listed_path() {
    let paths = Api::with_tokens(service(), tokens()).paths();
    assert!(paths.contains(&SET) && paths.contains(&"/auth/get_user_token") && paths.contains(&"/healthz"));
    let router = router();
    for path in paths {
        let get = Request::get(path).body(Body::empty()).unwrap();
        let statuses = [send(&router, get).await.0, send(&router, request(path, "", "{}")).await.0];
        assert!(statuses.contains(&StatusCode::OK), "{path}");
    }
    assert!(!Api::new(service(), Arc::new(tokens())).paths().contains(&"/auth/get_user_token"));
}
