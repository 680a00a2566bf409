//! Metrics of calls.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use conversation_settings_http::{Api, metrics};
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::json;
use tower::ServiceExt;

use crate::harness::{ADMIN, call, request, router, send, service, token, tokens};

const SET: &str = "/conversation/set_conversations";
const GET: &str = "/conversation/get_conversation";

/// Runs `work` and returns the HTTP metrics: their names, values of labels, and values.
pub(crate) fn record(work: impl Future<Output = ()>) -> BTreeMap<(String, Vec<String>), DebugValue> {
    let recorder = DebuggingRecorder::new();
    ::metrics::with_local_recorder(&recorder, || {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work);
    });
    let all = recorder.snapshotter().snapshot().into_vec().into_iter();
    let of_http = all.filter(|(key, ..)| key.key().name().starts_with("conversation_http_"));
    of_http
        .map(|(key, _, description, value)| {
            let key = key.key();
            assert!(description.is_some(), "{key} is described");
            let labels = key.labels().map(|label| label.value().to_owned()).collect();
            ((key.name().to_owned(), labels), value)
        })
        .collect()
}

pub(crate) fn key(name: &str, labels: &[&str]) -> (String, Vec<String>) {
    (name.to_owned(), labels.iter().map(|&label| label.to_owned()).collect())
}

fn pin(users: &[&str]) -> serde_json::Value {
    json!({ "userIDs": users, "conversation": { "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true } })
}

#[test]
fn counts_calls_by_route_and_code_and_times_them_by_route() {
    let recorded = record(async {
        let router = router();
        for _ in 0..3 {
            call(&router, SET, &token(ADMIN), &pin(&["a", "b"])).await;
        }
        call(&router, SET, &token("a"), &pin(&["b"])).await;
        send(&router, Request::post(SET).body(Body::empty()).unwrap()).await;
        call(&router, GET, &token("a"), &json!({ "ownerUserID": "a", "conversationID": "sg_g" })).await;
    });
    for (labels, count) in [([SET, "0"], 3), ([SET, "1002"], 1), ([SET, "1001"], 1), ([GET, "0"], 1)] {
        assert_eq!(recorded[&key(metrics::REQUESTS, &labels)], DebugValue::Counter(count), "{labels:?}");
    }
    for (route, calls) in [(SET, 5), (GET, 1)] {
        let DebugValue::Histogram(times) = &recorded[&key(metrics::SECONDS, &[route])] else { panic!("no histogram") };
        assert_eq!(times.len(), calls, "{route}");
    }
    assert_eq!(recorded[&key(metrics::IN_FLIGHT, &[])], DebugValue::Gauge(0.0.into()));
}

#[test]
fn counts_failures_from_zero() {
    let recorded = record(async { drop(router()) });
    for code in ["500", "429"] {
        assert_eq!(recorded[&key(metrics::REQUESTS, &[SET, code])], DebugValue::Counter(0), "{code}");
    }
}

#[test]
fn records_users_of_successful_calls() {
    let recorded = record(async {
        let router = router();
        call(&router, SET, &token(ADMIN), &pin(&["a", "b", "c"])).await;
        call(&router, SET, &token("a"), &pin(&["a"])).await;
        call(&router, SET, &token("a"), &pin(&["b", "c"])).await;
    });
    assert_eq!(recorded[&key(metrics::USERS_PER_CALL, &[])], DebugValue::Histogram(vec![3.0.into(), 1.0.into()]));
}

#[test]
fn counts_abandoned_calls() {
    let recorded = record(async {
        let plan = FaultPlan::script([Fault::Delay { before: 1_000_000, after: 0 }]);
        let store = FaultyStore::new(Arc::new(MemoryStore::new())).writes(plan);
        let service = Service::builder(Arc::new(store)).build();
        let router = Api::with_tokens(service, tokens()).router();
        tokio::select! {
            biased;
            _ = router.oneshot(request(SET, &token("a"), pin(&["a"]).to_string())) => panic!("it takes its time"),
            () = tokio::task::yield_now() => (),
        }
    });
    assert_eq!(recorded[&key(metrics::REQUESTS, &[SET, "abandoned"])], DebugValue::Counter(1));
    assert_eq!(recorded[&key(metrics::IN_FLIGHT, &[])], DebugValue::Gauge(0.0.into()));
}

#[tokio::test]
async fn serves_the_recorders_metrics() {
    let router = Api::with_tokens(service(), tokens()).metrics(|| "conversation_up 1\n".to_owned()).router();
    let response = router.clone().oneshot(Request::get("/metrics").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    assert_eq!(send(&router, request).await, (StatusCode::OK, "conversation_up 1\n".to_owned()));
}

#[tokio::test]
async fn serves_no_metrics_without_a_recorder() {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    assert_eq!(send(&router(), request).await.0, StatusCode::NOT_FOUND);
    assert!(!Api::with_tokens(service(), tokens()).paths().contains(&"/metrics"));
}
