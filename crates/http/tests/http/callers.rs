//! Authentication and permissions.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use conversation_settings_http::TokenAuthority;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, token, tokens, user};

const OWN: &str = "/conversation/get_all_conversations";

/// The code, name and detail of the response.
async fn respond(request: Request<Body>) -> (StatusCode, Value, String) {
    let (status, text) = send(&router(), request).await;
    let envelope: Value = serde_json::from_str(&text).unwrap();
    (status, envelope["errCode"].clone(), format!("{}: {}", envelope["errMsg"], envelope["errDlt"]))
}

async fn code_of(token: &str) -> Value {
    respond(request(OWN, token, r#"{"ownerUserID":"a"}"#)).await.1
}

/// An unsigned token with any header and claims.
fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".") + "."
}

#[tokio::test]
async fn requires_an_operation_id_first() {
    for path in [OWN, "/auth/get_admin_token"] {
        let (status, code, detail) = respond(Request::post(path).body(Body::from("nonsense")).unwrap()).await;
        assert_eq!((status, code), (StatusCode::OK, json!(1001)));
        assert_eq!(detail, r#""ArgsError": "header must have operationID""#);
    }
}

#[tokio::test]
async fn requires_a_token() {
    for request in
        [Request::post(OWN).header("operationID", "1").body(Body::from("{}")).unwrap(), request(OWN, "", "{}")]
    {
        let (status, code, detail) = respond(request).await;
        assert_eq!((status, code), (StatusCode::OK, json!(1001)));
        assert_eq!(detail, r#""ArgsError": "header must have token""#);
    }
}

#[tokio::test]
async fn rejects_malformed_tokens() {
    let good = token("a");
    let platform_as_text = unsigned(&json!({ "alg": "HS256" }), &json!({ "UserID": "a", "PlatformID": "5", "exp": 1 }));
    for none in ["x", "a.b", "a.b.c", "a.b.c.d", &format!("Bearer {good}"), &good[1..], &platform_as_text] {
        assert_eq!(code_of(none).await, 1503, "{none}");
    }
}

#[tokio::test]
async fn rejects_unsigned_and_foreign_tokens() {
    let claims = json!({ "UserID": ADMIN, "PlatformID": 10, "exp": 99_999_999_999_i64 });
    for algorithm in ["none", "None", "RS256", ""] {
        assert_eq!(code_of(&unsigned(&json!({ "alg": algorithm }), &claims)).await, 1505, "{algorithm}");
    }
    assert_eq!(code_of(&unsigned(&json!({ "alg": "HS256" }), &claims)).await, 1505, "empty signature");
    let foreign = TokenAuthority::new("another", [user(ADMIN)]).issue(&user(ADMIN), 10);
    assert_eq!(code_of(&foreign).await, 1505);
    // Own claims with the signature of another token.
    let (signed, signature) = (unsigned(&json!({ "alg": "HS256" }), &claims), token(ADMIN));
    let forged = format!("{signed}{}", signature.rsplit('.').next().unwrap());
    assert_eq!(code_of(&forged).await, 1505);
}

#[tokio::test]
async fn rejects_expired_tokens() {
    assert_eq!(code_of(&tokens().with_lifetime(Duration::ZERO).issue(&user("a"), 5)).await, 1501);
}

#[tokio::test]
async fn issues_admin_tokens_for_the_secret_only() {
    for (body, code) in [
        (json!({ "secret": "hush", "userID": ADMIN }), 0),
        (json!({ "secret": "wrong", "userID": ADMIN }), 1002),
        (json!({ "secret": "", "userID": ADMIN }), 1002),
        (json!({ "secret": "hush", "userID": "alice" }), 1002),
        (json!({ "secret": "hush" }), 1001),
        (json!({ "userID": ADMIN }), 1001),
    ] {
        assert_eq!(call(&router(), "/auth/get_admin_token", "", &body).await["errCode"], code, "{body}");
    }
}

#[tokio::test]
async fn issues_user_tokens_to_admins_only() {
    let path = "/auth/get_user_token";
    for (caller, body, code) in [
        (ADMIN, json!({ "userID": "alice", "platformID": 1 }), 0),
        ("alice", json!({ "userID": "alice", "platformID": 1 }), 1002),
        (ADMIN, json!({ "userID": ADMIN, "platformID": 1 }), 1002),
        (ADMIN, json!({ "userID": "alice", "platformID": 10 }), 1001),
        (ADMIN, json!({ "userID": "alice", "platformID": 12 }), 1001),
        (ADMIN, json!({ "userID": "alice", "platformID": 0 }), 1001),
        (ADMIN, json!({ "userID": "alice" }), 1001),
        (ADMIN, json!({ "userID": "", "platformID": 1 }), 1001),
    ] {
        assert_eq!(call(&router(), path, &token(caller), &body).await["errCode"], code, "{caller}: {body}");
    }
}

#[tokio::test]
async fn hides_conversations_of_other_users() {
    let router = router();
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": "mark-private" });
    let set = json!({ "userIDs": ["a"], "conversation": conversation });
    call(&router, "/conversation/set_conversations", &token(ADMIN), &set).await;
    let others = json!({ "ownerUserID": "a", "conversationID": "sg_g", "conversationIDs": ["sg_g"] });
    for path in ["get_conversation", "get_conversations", "get_all_conversations"] {
        let (_, text) = send(&router, request(&format!("/conversation/{path}"), &token("b"), others.to_string())).await;
        assert!(text.starts_with(r#"{"errCode":1002,"errMsg":"NoPermissionError","errDlt":"b: "#), "{path}: {text}");
        assert!(!text.contains("mark-private") && !text.contains("sg_g"), "{path}: {text}");
    }
}

#[tokio::test]
async fn answers_unknown_paths_and_methods_with_404() {
    let router = router().fallback(conversation_settings_http::not_found);
    for (method, path) in [
        (Method::POST, "/conversation/nothing"),
        (Method::POST, "/"),
        (Method::GET, "/conversation/set_conversations"),
        (Method::PUT, "/conversation/set_conversations"),
        (Method::DELETE, "/auth/get_admin_token"),
        (Method::POST, "/healthz"),
    ] {
        let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        let (status, text) = send(&router, request).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
        assert!(text.starts_with(r#"{"errCode":1004,"#), "{text}");
    }
}
