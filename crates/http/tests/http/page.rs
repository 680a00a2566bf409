//! The page: one file that fetches nothing from elsewhere.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use tower::ServiceExt;

use crate::harness::{router, send};

#[tokio::test]
async fn loads_nothing_from_elsewhere() {
    let (status, page) = send(&router(), Request::get("/docs").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.starts_with("<!doctype html>"));
    for elsewhere in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[tokio::test]
async fn may_call_only_its_own_server() {
    let response = router().oneshot(Request::get("/docs").body(Body::empty()).unwrap()).await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("connect-src 'self';"), "{policy}");
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
}
