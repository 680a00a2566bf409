//! The page: one file that fetches nothing from elsewhere.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
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
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn runs_only_its_own_script_and_style() {
    let response = router().oneshot(Request::get("/docs").body(Body::empty()).unwrap()).await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let page = std::str::from_utf8(&page).unwrap();
    for element in ["script", "style"] {
        let (_, content) = page.split_once(&format!("<{element}>")).unwrap();
        let (content, _) = content.split_once(&format!("</{element}>")).unwrap();
        let hash = STANDARD.encode(Sha256::digest(content));
        assert!(policy.contains(&format!("{element}-src 'sha256-{hash}';")), "{element}: {policy}");
        assert_eq!(page.matches(&format!("<{element}")).count(), 1);
    }
    // A hash covers no handlers and no styles in attributes.
    for attribute in [" onclick=", " onload=", " style="] {
        assert!(!page.contains(attribute), "{attribute}");
    }
}
