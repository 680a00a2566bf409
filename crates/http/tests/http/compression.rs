//! Compressed responses.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_http::decompression::Decompression;

use crate::harness::{ADMIN, call, request, router, send, token};

const ALL: &str = "/conversation/get_all_conversations";

/// A router where alice has fifty conversations.
async fn filled() -> Router {
    let router = router();
    for n in 0..50 {
        let conversation = json!({ "conversationID": format!("sg_{n}"), "conversationType": 3, "groupID": "g" });
        let body = json!({ "userIDs": ["alice"], "conversation": conversation });
        // An empty patch would create nothing.
        let mut body = body;
        body["conversation"]["isPinned"] = json!(true);
        call(&router, "/conversation/set_conversations", &token(ADMIN), &body).await;
    }
    router
}

fn all(accept_encoding: Option<&str>) -> Request<Body> {
    let mut request = request(ALL, &token("alice"), json!({ "ownerUserID": "alice" }).to_string());
    if let Some(accepted) = accept_encoding {
        request.headers_mut().insert("accept-encoding", accepted.parse().unwrap());
    }
    request
}

async fn headers_and_size(router: &Router, request: Request<Body>) -> (HeaderMap, usize) {
    let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (head.headers, to_bytes(body, usize::MAX).await.unwrap().len())
}

#[tokio::test]
async fn compresses_for_clients_that_accept_gzip() {
    let router = filled().await;
    let (_, plain) = send(&router, all(None)).await;
    let (headers, size) = headers_and_size(&router, all(Some("gzip, deflate, br"))).await;
    assert_eq!(
        (&headers["content-encoding"], &headers["content-type"]),
        (&"gzip".parse().unwrap(), &"application/json".parse().unwrap())
    );
    assert!(size * 5 < plain.len(), "{size} of {} bytes", plain.len());

    let reader = Decompression::new(router);
    let body = reader.oneshot(all(None)).await.unwrap().into_body();
    let read = to_bytes(Body::new(body), usize::MAX).await.unwrap();
    assert_eq!(str::from_utf8(&read).unwrap(), plain);
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap()["data"]["conversations"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn does_not_compress_for_other_clients() {
    let router = filled().await;
    for accepted in [None, Some("identity"), Some("br"), Some("gzip;q=0")] {
        let (headers, size) = headers_and_size(&router, all(accepted)).await;
        assert_eq!(headers.get("content-encoding"), None, "{accepted:?}");
        assert_eq!(headers["content-length"].to_str().unwrap(), size.to_string(), "{accepted:?}");
        assert_eq!(headers["vary"], "accept-encoding", "caches keep both forms apart");
    }
}

#[tokio::test]
async fn does_not_compress_short_responses() {
    let mut request = request(ALL, &token("nobody"), json!({ "ownerUserID": "nobody" }).to_string());
    request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
    let (headers, _) = headers_and_size(&router(), request).await;
    assert_eq!(headers.get("content-encoding"), None);
}
