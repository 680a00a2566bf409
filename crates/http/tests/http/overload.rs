//! More calls than the concurrency limit.

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, request::Parts},
};
use conversation_settings_core::Version;
use conversation_settings_http::{Api, ApiError, Authenticate, metrics};
use conversation_settings_service::{Caller, Service};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};
use futures_util::{FutureExt, stream};
use metrics_util::debugging::DebugValue;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    harness::{call, request, send, service, token, tokens, user},
    measured::{key, record},
};

const SET: &str = "/conversation/set_conversations";

fn pin(user: &str) -> Value {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true });
    json!({ "userIDs": [user], "conversation": conversation })
}

/// A router with one permit, over a store whose first write never ends.
fn small() -> Router {
    let plan = FaultPlan::script([Fault::Delay { before: u64::MAX, after: 0 }]);
    let store = FaultyStore::new(Arc::new(MemoryStore::new())).writes(plan);
    let service = Service::builder(Arc::new(store)).build();
    Api::with_tokens(service, tokens()).max_in_flight(1).metrics(String::new).router()
}

/// Begins a call that does not end.
fn begin(response: &mut Pin<&mut impl Future<Output = Response<Body>>>) {
    assert!(response.as_mut().now_or_never().is_none(), "the call ended");
}

fn first(router: &Router) -> impl Future<Output = Response<Body>> {
    router.clone().oneshot(request(SET, &token("a"), pin("a").to_string())).map(Result::unwrap)
}

#[tokio::test]
async fn rejects_excess_calls_with_429_and_retry_after() {
    let router = small();
    let mut under_way = pin!(first(&router));
    begin(&mut under_way);
    let response = first(&router).await;
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
    );
    assert_eq!(response.headers()["access-control-allow-origin"], "*", "pages may read it");
    let (_, text) = send(&router, request(SET, &token("a"), pin("a").to_string())).await;
    assert_eq!(
        text,
        r#"{"errCode":429,"errMsg":"TooManyRequestsError","errDlt":"the limit of 1 concurrent calls is reached: try again in a moment"}"#
    );
}

#[tokio::test]
async fn frees_the_permit_when_a_call_ends_or_a_read_is_abandoned() {
    let plan = FaultPlan::script([Fault::Delay { before: u64::MAX, after: 0 }]);
    let service = Service::builder(FaultyStore::new(Arc::new(MemoryStore::new())).reads(plan)).build();
    let router = Api::with_tokens(service, tokens()).max_in_flight(1).router();
    {
        let own = json!({ "ownerUserID": "a", "conversationID": "sg_g" }).to_string();
        let read = router.clone().oneshot(request("/conversation/get_conversation", &token("a"), own));
        let mut under_way = pin!(read.map(Result::unwrap));
        begin(&mut under_way);
        assert_eq!(first(&router).await.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    for _ in 0..3 {
        assert_eq!(call(&router, SET, &token("c"), &pin("c")).await["errCode"], 0);
    }
    for _ in 0..3 {
        assert_eq!(call(&router, SET, &token("b"), &pin("a")).await["errCode"], 1002);
    }
}

#[tokio::test]
async fn keeps_the_permit_of_an_abandoned_write_until_the_store_is_done_with_it() {
    let plan = FaultPlan::script([Fault::Delay { before: 1_000, after: 0 }]);
    let store = Arc::new(MemoryStore::new());
    let service = Service::builder(FaultyStore::new(store.clone()).writes(plan)).build();
    let router = Api::with_tokens(service, tokens()).max_in_flight(1).router();
    {
        let mut under_way = pin!(first(&router));
        begin(&mut under_way);
    }
    let read = json!({ "ownerUserID": "c" }).to_string();
    let status = async || {
        let read = request("/conversation/get_all_conversations", &token("c"), read.clone());
        router.clone().oneshot(read).await.unwrap().status()
    };
    assert_eq!(status().await, StatusCode::TOO_MANY_REQUESTS, "the write still waits in the store");
    for round in 0.. {
        assert!(round < 1_000_000, "the permit is not freed");
        if status().await == StatusCode::OK {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(store.version(&user("a")).await.unwrap().version, Version::ZERO, "nobody wanted it when it began");
}

/// Panics on one token and accepts all others.
#[derive(Debug)]
struct Panicking;

#[async_trait]
impl Authenticate for Panicking {
    async fn authenticate(&self, request: &Parts) -> Result<Caller, ApiError> {
        assert_ne!(request.headers["token"], "boom");
        Ok(Caller::User(user("a")))
    }
}

#[tokio::test]
async fn frees_the_permit_after_a_panic() {
    let router = Api::new(service(), Arc::new(Panicking)).require_json(false).max_in_flight(1).router();
    for (token, code) in [("boom", 500), ("boom", 500), ("fine", 0)] {
        assert_eq!(call(&router, SET, token, &pin("a")).await["errCode"], code);
    }
}

#[tokio::test]
async fn frees_the_permit_of_a_failed_call_that_still_sends() {
    let router = small();
    let endless = || Body::from_stream(stream::pending::<io::Result<Vec<u8>>>());
    let unknown = router.clone().oneshot(request(SET, "x", endless()));
    let untraced = router.clone().oneshot(Request::post(SET).body(endless()).unwrap());
    // The server still drains what they send.
    let refused = [unknown.await.unwrap(), untraced.await.unwrap()];
    let own = json!({ "ownerUserID": "a" });
    assert_eq!(call(&router, "/conversation/get_all_conversations", &token("a"), &own).await["errCode"], 0);
    drop(refused);
}

#[tokio::test]
async fn answers_operational_routes_at_the_limit() {
    let router = small();
    let mut under_way = pin!(first(&router));
    begin(&mut under_way);
    let docs = cfg!(feature = "docs-page").then_some("/docs");
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"].into_iter().chain(docs) {
        let get = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(send(&router, get).await.0, StatusCode::OK, "{path}");
    }
}

#[test]
fn counts_rejected_calls_without_timing_them() {
    let recorded = record(async {
        let router = small();
        let mut under_way = pin!(first(&router));
        begin(&mut under_way);
        for _ in 0..3 {
            first(&router).await;
        }
    });
    for (code, calls) in [("429", 3), ("abandoned", 1)] {
        assert_eq!(recorded[&key(metrics::REQUESTS, &[SET, code])], DebugValue::Counter(calls), "{code}");
    }
    let DebugValue::Histogram(times) = &recorded[&key(metrics::SECONDS, &[SET])] else { panic!("no histogram") };
    assert_eq!(times.len(), 1);
}
