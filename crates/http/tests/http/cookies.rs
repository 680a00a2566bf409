//! A host whose callers are identified by a session cookie, which browsers send by themselves.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Request, StatusCode, request::Parts},
};
use conversation_settings_core::UserId;
use conversation_settings_http::{Api, ApiError, Authenticate, Code};
use conversation_settings_service::{Caller, Context, Service};
use conversation_settings_store::Filter;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{request, router, send, service, token, user};

const SET: &str = "/conversation/set_conversations";

/// Knows one session.
#[derive(Debug)]
struct Sessions;

#[async_trait]
impl Authenticate for Sessions {
    async fn authenticate(&self, request: &Parts) -> Result<Caller, ApiError> {
        let is_alice = request.headers.get("cookie").is_some_and(|cookie| cookie == "session=alices");
        let alice = is_alice.then(|| UserId::new("alice").expect("an ID"));
        alice.map(Caller::User).ok_or_else(|| ApiError::new(Code::TokenUnknown, "no session"))
    }
}

fn api(service: &Service) -> Api {
    Api::new(service.clone(), Arc::new(Sessions)).create_operation_ids()
}

fn pin() -> String {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true });
    json!({ "userIDs": ["alice"], "conversation": conversation }).to_string()
}

/// What the browser of alice sends for a page of `origin`.
fn from_page(origin: &str, content_types: &[&str]) -> Request<Body> {
    let mut request = Request::post(SET).header("cookie", "session=alices").header("origin", origin);
    for value in content_types {
        request = request.header("content-type", *value);
    }
    request.body(pin().into()).unwrap()
}

async fn conversations_of_alice(service: &Service) -> usize {
    service.list_all(&Context::user(user("alice")), &user("alice"), &Filter::ALL).await.unwrap().len()
}

#[tokio::test]
async fn refuses_forged_cross_site_requests_with_a_session_cookie() {
    let service = service();
    let router = api(&service).router();
    for content_types in [
        // What a form or a script may send to another origin without a preflight request.
        &["text/plain"][..],
        &["text/plain;charset=UTF-8"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data; boundary=x"],
        &[],
        // What looks like JSON to a careless check.
        &[""],
        &["text/plain; application/json"],
        &["text/plain, application/json"],
        &["application/json, text/plain"],
        &["application/jsonp"],
        &["application/json text/plain"],
        &["application/json", "text/plain"],
        &["text/plain", "application/json"],
        &["application/json", "application/json"],
    ] {
        let (status, text) = send(&router, from_page("https://evil.example", content_types)).await;
        let envelope: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(envelope["errCode"], 1001, "{content_types:?}: {text}");
        if content_types.len() < 2 {
            assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_types:?}");
            assert_eq!(envelope["errDlt"], "header content-type: must be application/json");
        }
    }
    assert_eq!(conversations_of_alice(&service).await, 0);
}

#[tokio::test]
async fn answers_no_preflight_request_of_another_origin() {
    let router = api(&service()).router();
    let preflight = Request::options(SET)
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .body(Body::empty())
        .unwrap();
    let response = router.oneshot(preflight).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control-")));
}

#[tokio::test]
async fn executes_calls_of_the_hosts_own_pages() {
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=utf-8"] {
        let service = service();
        let (status, text) = send(&api(&service).router(), from_page("https://host.example", &[content_type])).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.starts_with(r#"{"errCode":0,"#), "{content_type}: {text}");
        assert_eq!(conversations_of_alice(&service).await, 1);
    }
}

#[tokio::test]
async fn requires_an_operation_id_unless_the_host_lets_it_be_created() {
    let router = Api::new(service(), Arc::new(Sessions)).router();
    let (_, text) = send(&router, from_page("https://host.example", &["application/json"])).await;
    assert!(text.contains("header must have operationID"), "{text}");
}

#[tokio::test]
async fn accepts_any_content_type_with_a_token() {
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/json")]
    {
        let mut request = request(SET, &token("alice"), pin());
        if let Some(value) = content_type {
            request.headers_mut().insert("content-type", value.parse().unwrap());
        }
        let (_, text) = send(&router(), request).await;
        assert!(text.starts_with(r#"{"errCode":0,"#), "{content_type:?}: {text}");
    }
}

#[tokio::test]
async fn describes_what_the_host_requires() {
    let document = async |api: Api| {
        let (_, text) = send(&api.documentation(), Request::get("/openapi.json").body(Body::empty()).unwrap()).await;
        let document: Value = serde_json::from_str(&text).unwrap();
        let required = document["components"]["parameters"]["operationID"]["required"].clone();
        (required, document["paths"][SET]["post"]["responses"]["415"]["description"].to_string())
    };
    let (required, refused) = document(api(&service())).await;
    assert!(required == json!(false) && refused.contains("is not `application/json`"), "{required}, {refused}");
    let (required, refused) = document(Api::new(service(), Arc::new(Sessions)).require_json(false)).await;
    assert!(required == json!(true) && !refused.contains("application/json"), "{required}, {refused}");
}
