//! A router over a memory store, and calls of it.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
};
use conversation_settings_core::UserId;
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;
use serde_json::Value;
use tower::ServiceExt;

/// The administrator.
pub(crate) const ADMIN: &str = "imAdmin";

/// The authority of the routers.
pub(crate) fn tokens() -> TokenAuthority {
    TokenAuthority::new("hush", [user(ADMIN)])
}

/// A token of `name`.
pub(crate) fn token(name: &str) -> String {
    tokens().issue(&user(name), 5)
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A service over a new store.
pub(crate) fn service() -> Service {
    Service::builder(Arc::new(MemoryStore::new())).build()
}

/// A router over a new store.
pub(crate) fn router() -> Router {
    Api::with_tokens(service(), tokens()).router()
}

/// A call with its headers.
pub(crate) fn request(path: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("operationID", "op-1").header("token", token);
    request.body(body.into()).unwrap()
}

/// The status and body of the response.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response: Response<Body> = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The envelope of the response.
pub(crate) async fn call(router: &Router, path: &str, token: &str, body: &Value) -> Value {
    let (status, text) = send(router, request(path, token, body.to_string())).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}
