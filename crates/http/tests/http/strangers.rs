//! What a caller without a token can take.

use std::{future::Future, io, pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
};
use conversation_settings_http::{Api, metrics};
use futures_util::{FutureExt, StreamExt, future::join_all, stream};
use http_body_util::BodyExt;
use metrics_util::debugging::DebugValue;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::{
    harness::{ADMIN, call, request, router, send, service, token, tokens},
    measured::{key, record},
};

const LOGIN: &str = "/auth/get_admin_token";
const OWN: &str = "/conversation/get_all_conversations";

/// More than all permits for public calls.
const MANY: usize = 300;

/// A body that begins and does not end.
fn endless() -> Body {
    Body::from_stream(stream::iter([io::Result::Ok("{")]).chain(stream::pending()))
}

fn login(secret: &str) -> Value {
    json!({ "secret": secret, "userID": ADMIN })
}

fn begin(router: &Router, path: &str, body: Body) -> impl Future<Output = Response<Body>> + use<> {
    router.clone().oneshot(request(path, "", body)).map(Result::unwrap)
}

#[tokio::test]
async fn leaves_the_permits_of_callers_to_callers() {
    let router = router();
    let mut strangers: Vec<_> = (0..MANY).map(|_| Box::pin(begin(&router, LOGIN, endless()))).collect();
    // Each has a permit and waits for the rest of its body, or is rejected and drains it.
    let rejected: Vec<_> = strangers.iter_mut().filter_map(FutureExt::now_or_never).collect();
    assert!(!rejected.is_empty() && rejected.len() < MANY);
    assert!(rejected.iter().all(|response| response.status() == StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(call(&router, OWN, &token("a"), &json!({ "ownerUserID": "a" })).await["errCode"], 0);
    let get = json!({ "userID": "a", "platformID": 5 });
    assert_eq!(call(&router, "/auth/get_user_token", &token(ADMIN), &get).await["errCode"], 0);
    assert_eq!(send(&router, request(LOGIN, "", login("hush").to_string())).await.0, StatusCode::TOO_MANY_REQUESTS);
    drop((strangers, rejected));
    assert_eq!(call(&router, LOGIN, "", &login("hush")).await["errCode"], 0);
}

/// Otherwise a stranger's slow body delays the refusal, and who made a mistake waits for it.
#[tokio::test]
async fn refuses_a_call_by_its_headers_before_the_body_arrives() {
    let router = router();
    let good = || request(OWN, &token("a"), endless());
    let without = |name: &str| {
        let mut request = good();
        request.headers_mut().remove(name);
        request
    };
    let with = |name: &'static str, value: &'static str| {
        let mut request = good();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let mut in_query = good();
    *in_query.uri_mut() = format!("{OWN}?ownerUserID=a").parse().unwrap();
    for (request, detail) in [
        (without("token"), "header must have token"),
        (without("operationID"), "header must have operationID"),
        (with("token", "x"), "token: is malformed"),
        (with("content-encoding", "gzip"), "header content-encoding: must be absent or identity"),
        (in_query, "query ownerUserID: write ownerUserID in the body, at the top level"),
    ] {
        let response = router.clone().oneshot(request).now_or_never().expect("responds at once").unwrap();
        let length = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
        let mut body = response.into_body();
        let frame = body.frame().now_or_never().expect("is complete").unwrap().unwrap().into_data().unwrap();
        let response: Value = serde_json::from_slice(&frame).unwrap();
        assert_eq!((&response["errDlt"], frame.len()), (&json!(detail), length));
        assert!(body.frame().now_or_never().expect("has ended").is_none());
    }
    let waiting = router.oneshot(good()).now_or_never();
    assert!(waiting.is_none(), "the headers are right");
}

#[tokio::test]
async fn accepts_short_bodies_only() {
    let mut body = login("hush");
    body["padding"] = json!("x".repeat(4_096));
    let response = call(&router(), LOGIN, "", &body).await;
    assert_eq!(response["errDlt"], "body: must be at most 4096 bytes");
    let small = Api::with_tokens(service(), tokens()).max_body_bytes(10).router();
    assert_eq!(call(&small, LOGIN, "", &login("hush")).await["errDlt"], "body: must be at most 10 bytes");
}

#[tokio::test]
async fn rejects_a_body_that_takes_longer_than_the_body_timeout() {
    let api = Api::with_tokens(service(), tokens()).body_timeout(Duration::from_millis(50));
    let router = api.router();
    for (path, token) in [(LOGIN, String::new()), (OWN, token("a"))] {
        let (_, text) = send(&router, request(path, &token, endless())).await;
        let response: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(response["errDlt"], "body: must arrive within 50ms", "{path}");
    }
}

#[test]
fn answers_and_counts_few_guesses_of_the_secret() {
    let recorded = record(async {
        let router = router();
        let began = Instant::now();
        let guesses = (0..MANY).map(|_| send(&router, request(LOGIN, "", login("guess").to_string())));
        let answers = join_all(guesses).await;
        let refused = answers.iter().filter(|(status, _)| *status == StatusCode::OK);
        let rejected = answers.iter().filter(|(status, _)| *status == StatusCode::TOO_MANY_REQUESTS);
        assert_eq!((refused.count(), rejected.count()), (16, MANY - 16));
        assert!(began.elapsed() >= Duration::from_millis(500), "a wrong secret is answered late");
        assert!(answers.iter().any(|(_, text)| text.contains("secret: is not the server's")));
    });
    assert_eq!(recorded[&key(metrics::WRONG_SECRETS, &[])], DebugValue::Counter(16));
}

#[tokio::test]
async fn answers_a_right_secret_at_once() {
    let router = router();
    let request = request(LOGIN, "", login("hush").to_string());
    let mut response = pin!(router.oneshot(request));
    // No timer is involved, so the first poll ends it.
    assert_eq!(response.as_mut().now_or_never().expect("it is ready").unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn compresses_pages_for_clients_that_accept_gzip_and_says_so() {
    let router = Api::with_tokens(service(), tokens()).metrics(|| "up 1\n".repeat(100)).router();
    let docs = cfg!(feature = "docs-page").then_some("/docs");
    for path in ["/openapi.json", "/metrics"].into_iter().chain(docs) {
        let get = |accepted: &str| {
            let request = Request::get(path).header("accept-encoding", accepted).body(Body::empty()).unwrap();
            router.clone().oneshot(request).map(Result::unwrap)
        };
        let (plain, compressed) = (get("identity").await, get("gzip").await);
        assert_eq!(plain.headers().get("content-encoding"), None, "{path}");
        assert_eq!(compressed.headers()["content-encoding"], "gzip", "{path}");
        for response in [&plain, &compressed] {
            assert_eq!(response.headers().get_all("vary").iter().count(), 1, "{path}");
            assert_eq!(response.headers()["vary"], "accept-encoding", "{path}");
        }
        assert_eq!(plain.headers()["content-type"], compressed.headers()["content-type"], "{path}");
        let plain = axum::body::to_bytes(plain.into_body(), usize::MAX).await.unwrap();
        let reader = tower_http::decompression::Decompression::new(router.clone());
        let read = reader.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().into_body();
        assert_eq!(axum::body::to_bytes(Body::new(read), usize::MAX).await.unwrap(), plain, "{path}");
    }
}
