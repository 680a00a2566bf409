//! What one caller can take of the server.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{Response, StatusCode},
};
use conversation_settings_http::Api;
use futures_util::{FutureExt, StreamExt, stream};
use http_body::{Frame, SizeHint};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{ADMIN, request, send, service, token, tokens};

const OWN: &str = "/conversation/get_all_conversations";
const KIB: usize = 1024;

fn own() -> String {
    json!({ "ownerUserID": "a" }).to_string()
}

/// A body of so many bytes that does not end.
fn begun(bytes: usize) -> Body {
    let chunk = Bytes::from(vec![b' '; 8 * KIB]);
    let chunks = stream::iter(vec![chunk; bytes / (8 * KIB)]).map(io::Result::Ok);
    Body::from_stream(chunks.chain(stream::pending()))
}

type Call = Pin<Box<dyn Future<Output = Response<Body>>>>;

/// Begins a call that waits for the rest of its body.
fn begin(router: &Router, caller: &str, bytes: usize) -> Call {
    let mut call: Call = router.clone().oneshot(request(OWN, &token(caller), begun(bytes))).map(Result::unwrap).boxed();
    assert!((&mut call).now_or_never().is_none(), "the call waits");
    call
}

async fn status(router: &Router, caller: &str, body: impl Into<Body>) -> StatusCode {
    send(router, request(OWN, &token(caller), body)).await.0
}

#[tokio::test]
async fn runs_at_most_a_quarter_of_the_calls_for_one_user() {
    let router = Api::with_tokens(service(), tokens()).max_in_flight(8).router();
    let mut calls = vec![begin(&router, "a", 0), begin(&router, "a", 0)];
    let (code, text) = send(&router, request(OWN, &token("a"), own())).await;
    assert_eq!(code, StatusCode::TOO_MANY_REQUESTS);
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(response["errDlt"], "the limit of 2 concurrent calls of one user is reached: try again in a moment");
    calls.push(begin(&router, "b", 0));
    drop(calls.remove(0));
    assert_eq!(status(&router, "a", own()).await, StatusCode::OK, "an abandoned call frees the share");
}

#[tokio::test]
async fn runs_all_calls_for_an_administrator() {
    let router = Api::with_tokens(service(), tokens()).max_in_flight(8).router();
    let _calls: Vec<_> = (0..7).map(|_| begin(&router, ADMIN, 0)).collect();
    assert_eq!(status(&router, ADMIN, own()).await, StatusCode::OK);
}

/// A router whose bodies may take 1 MiB together and 256 KiB each.
fn router() -> Router {
    Api::with_tokens(service(), tokens()).max_body_bytes(256 * KIB).max_body_memory(1024 * KIB).router()
}

/// A body of so many bytes.
fn padded(bytes: usize) -> String {
    own() + &" ".repeat(bytes - own().len())
}

#[tokio::test]
async fn rejects_large_bodies_while_others_take_the_memory() {
    let router = router();
    let mut calls: Vec<_> = (0..4).map(|_| begin(&router, ADMIN, 240 * KIB)).collect();
    let (code, text) = send(&router, request(OWN, &token("a"), padded(200 * KIB))).await;
    assert_eq!(code, StatusCode::TOO_MANY_REQUESTS, "{text}");
    assert!(text.contains("the bodies of all calls together are too large"), "{text}");
    assert_eq!(status(&router, "a", padded(16 * KIB)).await, StatusCode::OK, "bodies of ordinary size pass");
    calls.pop();
    assert_eq!(status(&router, "a", padded(200 * KIB)).await, StatusCode::OK, "an abandoned call frees its memory");
    for _ in 0..20 {
        assert_eq!(status(&router, "a", padded(200 * KIB)).await, StatusCode::OK, "a finished call frees its memory");
    }
}

#[tokio::test]
async fn rejects_bodies_of_a_user_who_takes_a_quarter_of_the_memory() {
    let router = router();
    let _calls: Vec<_> = (0..2).map(|_| begin(&router, "a", 128 * KIB)).collect();
    let (code, text) = send(&router, request(OWN, &token("a"), padded(200 * KIB))).await;
    assert_eq!(code, StatusCode::TOO_MANY_REQUESTS, "{text}");
    assert!(text.contains("the bodies of the caller's calls together are too large"), "{text}");
    assert_eq!(
        status(&router, "b", json!({ "ownerUserID": "b" }).to_string() + &" ".repeat(200 * KIB)).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn accepts_one_body_of_the_largest_size_at_any_budget() {
    let api = Api::with_tokens(service(), tokens()).max_body_bytes(256 * KIB).max_body_memory(1);
    assert_eq!(status(&api.router(), "a", padded(256 * KIB)).await, StatusCode::OK);
}

/// A body of 256 KiB that does not arrive.
struct Announced;

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(256 * KIB as u64)
    }
}

#[tokio::test]
async fn takes_no_memory_from_others_for_a_length_that_is_only_announced() {
    let router = router();
    let _calls: Vec<_> = (0..50)
        .map(|_| {
            let mut call = router.clone().oneshot(request(OWN, &token(ADMIN), Body::new(Announced))).boxed();
            assert!((&mut call).now_or_never().is_none());
            call
        })
        .collect();
    assert_eq!(status(&router, "a", padded(256 * KIB)).await, StatusCode::OK);
}

#[tokio::test]
async fn copies_the_chunks_of_a_body_in_order() {
    let body: Vec<_> = padded(100 * KIB).into_bytes();
    let chunks = body.chunks(7).map(|chunk| io::Result::Ok(Bytes::copy_from_slice(chunk))).collect::<Vec<_>>();
    assert_eq!(status(&router(), "a", Body::from_stream(stream::iter(chunks))).await, StatusCode::OK);
    let kib = Bytes::from(vec![b' '; KIB]);
    let too_long = Body::from_stream(stream::iter(vec![kib; 257]).map(io::Result::Ok));
    let (_, text) = send(&router(), request(OWN, &token("a"), too_long)).await;
    assert!(text.contains("body: must be at most 262144 bytes"), "{text}");
}
