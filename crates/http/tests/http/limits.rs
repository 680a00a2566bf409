//! Time limits, and readiness.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use conversation_settings_http::Api;
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::{call, request, send, token, tokens};

const GET: &str = "/conversation/get_conversation";

/// A router over a store whose reads fail by `plan`.
fn reading(plan: FaultPlan) -> Router {
    let store = FaultyStore::new(Arc::new(MemoryStore::new())).reads(plan);
    let service = Service::builder(Arc::new(store)).build();
    Api::with_tokens(service, tokens()).request_timeout(Duration::from_millis(50)).router()
}

async fn ready(router: &Router) -> (StatusCode, Value) {
    let (status, text) = send(router, Request::get("/readyz").body(Body::empty()).unwrap()).await;
    (status, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn asks_the_store_for_readiness_at_most_once_a_second() {
    let router = reading(FaultPlan::script([Fault::FailBefore]));
    let began = Instant::now();
    let (status, response) = ready(&router).await;
    assert_eq!((status, &response["errCode"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(500)));
    while ready(&router).await.0 != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(60), "the store is back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() >= Duration::from_secs(1), "the answer is shared for a second");
    let healthy = Request::get("/healthz").body(Body::empty()).unwrap();
    assert_eq!(send(&reading(FaultPlan::script([Fault::FailBefore])), healthy).await.0, StatusCode::OK);
}

/// A store that exceeds every time limit.
const SLOW: Fault = Fault::Delay { before: u64::MAX, after: 0 };

#[tokio::test]
async fn is_not_ready_if_the_store_is_late() {
    assert_eq!(ready(&reading(FaultPlan::script([SLOW]))).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn answers_a_late_call_with_an_internal_error() {
    let body = json!({ "ownerUserID": "a", "conversationID": "sg_g" });
    let response = call(&reading(FaultPlan::script([SLOW])), GET, &token("a"), &body).await;
    assert_eq!(response, json!({ "errCode": 500, "errMsg": "ServerInternalError", "errDlt": "op-1" }));
}

#[tokio::test]
async fn rejects_a_late_body() {
    let never = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (_, text) = send(&reading(FaultPlan::script([])), request(GET, &token("a"), never)).await;
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&response["errCode"], &response["errDlt"]), (&json!(1001), &json!("body: must arrive within 50ms")));
}
