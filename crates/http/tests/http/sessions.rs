//! A host that identifies callers by what its own layer and server know, and refuses in its own way.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::Body,
    extract::{ConnectInfo, OriginalUri},
    http::{Method, Request, Response, StatusCode, header::WWW_AUTHENTICATE, request::Parts},
};
use conversation_settings_core::UserId;
use conversation_settings_http::{Api, ApiError, Authenticate, Code, metrics};
use conversation_settings_service::Caller;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    harness::{send, service, user},
    measured::{key, record},
};

const ALL: &str = "/conversation/get_all_conversations";

/// What the host's layer has found out.
#[derive(Clone)]
struct Session(UserId);

/// Believes sessions, of peers in its own network and for some routes.
#[derive(Debug)]
struct Sessions;

#[async_trait]
impl Authenticate for Sessions {
    async fn authenticate(&self, request: &Parts) -> Result<Caller, ApiError> {
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        if !peer.is_some_and(|ConnectInfo(peer)| peer.ip().is_loopback()) {
            return Err(ApiError::with_number(77, "ForeignError", "not from here").with_status(StatusCode::FORBIDDEN));
        }
        let original = request.extensions.get::<OriginalUri>().map(|uri| uri.path().to_owned());
        assert_eq!((&request.method, request.uri.path()), (&Method::POST, ALL));
        assert_eq!(original.as_deref(), Some("/im/conversation/get_all_conversations"));
        if let Some(Session(user)) = request.extensions.get() {
            return Ok(Caller::User(user.clone()));
        }
        let response = Response::builder()
            .status(StatusCode::UNAUTHORIZED)
            .header(WWW_AUTHENTICATE, "Bearer")
            .body(r#"{"error":"log in first"}"#)
            .map_err(ApiError::internal)?;
        Err(ApiError::new(Code::TokenUnknown, "no session").with_response(response))
    }
}

fn router() -> Router {
    Router::new().nest("/im", Api::new(service(), Arc::new(Sessions)).calls())
}

fn request(peer: &str) -> Request<Body> {
    let peer: SocketAddr = peer.parse().unwrap();
    Request::post(format!("/im{ALL}"))
        .header("operationID", "op-1")
        .header("content-type", "application/json")
        .extension(ConnectInfo(peer))
        .body(json!({ "ownerUserID": "alice" }).to_string().into())
        .unwrap()
}

#[tokio::test]
async fn identifies_callers_by_extensions_peer_and_path() {
    let router = router().layer(Extension(Session(user("alice"))));
    let (status, text) = send(&router, request("127.0.0.1:1")).await;
    let envelope: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &envelope["errCode"]), (StatusCode::OK, &json!(0)), "{text}");
}

#[tokio::test]
async fn refuses_with_the_hosts_own_status_and_code() {
    let refused = send(&router(), request("192.0.2.1:1")).await;
    let envelope = r#"{"errCode":77,"errMsg":"ForeignError","errDlt":"not from here"}"#;
    assert_eq!(refused, (StatusCode::FORBIDDEN, envelope.to_owned()));
}

#[tokio::test]
async fn refuses_with_the_hosts_own_response() {
    let response = router().oneshot(request("127.0.0.1:1")).await.unwrap();
    let headers = response.headers();
    assert_eq!((response.status(), &headers[WWW_AUTHENTICATE]), (StatusCode::UNAUTHORIZED, &"Bearer".parse().unwrap()));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(!headers.contains_key("access-control-allow-origin"));
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(body, r#"{"error":"log in first"}"#);
}

#[test]
fn counts_refusals_by_their_code() {
    let recorded = record(async {
        let router = router();
        for peer in ["127.0.0.1:1", "192.0.2.1:1"] {
            send(&router, request(peer)).await;
        }
    });
    for code in ["1505", "77"] {
        assert!(recorded.contains_key(&key(metrics::REQUESTS, &[ALL, code])), "{code}: {recorded:?}");
    }
}
