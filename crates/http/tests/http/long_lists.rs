//! Lists of more conversations than one page has.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header::CONTENT_LENGTH},
};
use conversation_settings_core::{ConversationId, GroupId, Patch, SetConversations};
use conversation_settings_http::{Api, metrics};
use conversation_settings_openim::id_hash;
use conversation_settings_service::{Context, Service};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};
use http_body_util::BodyExt;
use metrics_util::debugging::DebugValue;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    harness::{ADMIN, call, request, send, token, tokens, user},
    measured::{key, record},
};

const ALL: &str = "/conversation/get_all_conversations";

/// Counts a read and does nothing else.
const COUNTED: Fault = Fault::Delay { before: 0, after: 0 };

/// A store in which alice has `count` pinned conversations with an `ex` of `bytes`.
async fn filled(count: usize, bytes: usize) -> Arc<MemoryStore> {
    with_ids((0..count).map(|n| format!("{n:05}")), bytes).await
}

/// A store in which alice has a conversation in each of the groups.
async fn with_ids(groups: impl Iterator<Item = String>, bytes: usize) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let service = Service::builder(Arc::clone(&store)).build();
    let patch = Patch::KEEP.is_pinned(true).ex("x".repeat(bytes));
    for group in groups {
        let group = GroupId::new(group).unwrap();
        let set = SetConversations::group(&group).users(&[user("alice")]).patch(patch.clone());
        service.set(&Context::admin(user(ADMIN)), set.build().unwrap()).await.unwrap();
    }
    store
}

/// The IDs, in byte order.
fn id(n: usize) -> String {
    format!("sg_{n:05}")
}

fn api(store: impl conversation_settings_store::ConversationStore) -> Api {
    Api::with_tokens(Service::builder(store).build(), tokens())
}

fn all() -> Request<Body> {
    request(ALL, &token(ADMIN), json!({ "ownerUserID": "alice" }).to_string())
}

async fn respond(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

/// The elements of the list in an envelope, as they are written.
fn elements(text: &str) -> &str {
    let (_, list) = text.split_once('[').unwrap();
    list.strip_suffix("]}}").unwrap()
}

#[tokio::test]
async fn writes_a_long_list_byte_for_byte_like_its_pages() {
    const COUNT: usize = 700;
    const SHORT: usize = 30;
    let router = api(filled(COUNT, 0).await).router();
    let mut pages = Vec::new();
    for number in 1..=COUNT.div_ceil(SHORT) {
        let body = json!({ "userID": "alice", "pagination": { "pageNumber": number, "showNumber": SHORT } });
        let page = request("/conversation/get_owner_conversation", &token(ADMIN), body.to_string());
        pages.push(elements(&send(&router, page).await.1).to_owned());
    }
    let whole = pages.join(",");
    assert_eq!(whole.matches("ownerUserID").count(), COUNT);

    let envelope = |data: &str| format!(r#"{{"errCode":0,"errMsg":"","errDlt":"","data":{{{data}}}}}"#);
    let mut wanted: Vec<_> = (0..COUNT).map(id).collect();
    wanted.insert(3, "sg_missing".to_owned());
    wanted.push(id(5));
    let ids = (0..COUNT).map(|n| format!("\"{}\"", id(n))).collect::<Vec<_>>().join(",");
    let page = json!({ "userID": "alice", "pagination": { "pageNumber": 1, "showNumber": i32::MAX } });
    for (name, body, expected) in [
        ("get_all_conversations", json!({ "ownerUserID": "alice" }), format!(r#""conversations":[{whole}]"#)),
        (
            "get_conversations",
            json!({ "ownerUserID": "alice", "conversationIDs": wanted }),
            format!(r#""conversations":[{whole}]"#),
        ),
        ("get_owner_conversation", page, format!(r#""total":{COUNT},"conversations":[{whole}]"#)),
        ("get_pinned_conversation_ids", json!({ "userID": "alice" }), format!(r#""conversationIDs":[{ids}]"#)),
    ] {
        let (status, text) =
            send(&router, request(&format!("/conversation/{name}"), &token(ADMIN), body.to_string())).await;
        assert_eq!(status, StatusCode::OK, "{name}");
        assert!(text == envelope(&expected), "{name}: {} and {} bytes", text.len(), envelope(&expected).len());
    }

    let second = json!({ "userID": "alice", "pagination": { "pageNumber": 2, "showNumber": 400 } });
    let data = call(&router, "/conversation/get_owner_conversation", &token(ADMIN), &second).await["data"].take();
    let listed = data["conversations"].as_array().unwrap().iter().map(|one| one["conversationID"].as_str().unwrap());
    assert_eq!(listed.collect::<Vec<_>>(), (400..COUNT).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn announces_the_length_of_a_list_that_fits_into_a_page() {
    for (count, is_announced) in [(0, true), (10, true), (400, false)] {
        let response = respond(&api(filled(count, 0).await).router(), all()).await;
        assert_eq!(response.headers().contains_key(CONTENT_LENGTH), is_announced, "{count}");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let envelope: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(envelope["data"]["conversations"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn compresses_a_long_list() {
    let router = api(filled(700, 0).await).router();
    let (_, plain) = send(&router, all()).await;
    let reader = tower_http::decompression::Decompression::new(router);
    let response = reader.oneshot(all()).await.unwrap();
    let read = to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap();
    assert!(read == plain, "{} and {} bytes", read.len(), plain.len());
}

#[tokio::test]
async fn reads_no_further_than_the_client_receives() {
    const COUNT: usize = 400;
    let reads = FaultPlan::script(vec![COUNTED; 1_000]);
    let store = Arc::new(FaultyStore::new(filled(COUNT, 64 * 1024).await).reads(reads));
    let router = api(Arc::clone(&store)).router();
    let mut body = respond(&router, all()).await.into_body();
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    // Two parts of the response are in memory, of at most 256 KiB of text each.
    assert!(store.met().len() <= 3, "{} reads", store.met().len());
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let part = frame.unwrap().into_data().unwrap();
        assert!(part.len() < 512 * 1024, "a part of {} bytes", part.len());
        received += part.len();
    }
    assert!(received > COUNT * 64 * 1024);
    assert!(store.met().len() >= COUNT / 4, "{} reads", store.met().len());
}

/// Whether a short call gets a permit.
async fn is_free(router: &Router) -> bool {
    let body = json!({ "ownerUserID": "nobody" }).to_string();
    send(router, request(ALL, &token(ADMIN), body)).await.0 == StatusCode::OK
}

/// Waits for a permit to be free.
async fn wait_until_free(router: &Router) {
    let freed = async {
        while !is_free(router).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), freed).await.expect("the permit is free in the end");
}

#[tokio::test]
async fn holds_the_permit_until_a_long_response_is_received_or_dropped() {
    let router = api(filled(400, 0).await).max_in_flight(1).router();
    let mut response = respond(&router, all()).await;
    response.body_mut().frame().await.unwrap().unwrap();
    assert!(!is_free(&router).await, "the response is not received");
    to_bytes(response.into_body(), usize::MAX).await.unwrap();
    wait_until_free(&router).await;

    let response = respond(&router, all()).await;
    assert!(!is_free(&router).await);
    drop(response);
    wait_until_free(&router).await;
}

#[tokio::test]
async fn holds_the_permit_until_a_short_response_is_received_or_dropped() {
    let router = api(filled(1, 0).await).max_in_flight(1).router();
    let response = respond(&router, all()).await;
    assert!(!is_free(&router).await, "the response is not received");
    to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(is_free(&router).await);
    drop(respond(&router, all()).await);
    assert!(is_free(&router).await);
}

#[tokio::test]
async fn frees_the_permit_of_a_client_that_does_not_receive() {
    let limit = Duration::from_millis(50);
    let router = api(filled(400, 0).await).max_in_flight(1).request_timeout(limit).router();
    let response = respond(&router, all()).await;
    assert!(!is_free(&router).await);
    wait_until_free(&router).await;
    let received = to_bytes(response.into_body(), usize::MAX).await;
    assert!(received.is_err(), "an incomplete response must not look complete");
}

#[test]
fn aborts_and_counts_a_response_that_fails_in_the_middle() {
    let recorded = record(async {
        let reads = FaultPlan::script([Fault::None, Fault::None, Fault::FailBefore]);
        let store = FaultyStore::new(filled(700, 0).await).reads(reads);
        let response = respond(&api(store).router(), all()).await;
        assert_eq!(response.status(), StatusCode::OK, "the first page was read");
        assert!(to_bytes(response.into_body(), usize::MAX).await.is_err());
    });
    assert_eq!(recorded[&key(metrics::REQUESTS, &[ALL, "500"])], DebugValue::Counter(1));
    assert_eq!(recorded[&key(metrics::IN_FLIGHT, &[])], DebugValue::Gauge(0.0.into()));
}

#[tokio::test]
async fn answers_a_failure_of_the_first_page_with_an_error() {
    let store = FaultyStore::new(filled(700, 0).await).reads(FaultPlan::script([Fault::FailBefore]));
    let response = call(&api(store).router(), ALL, &token(ADMIN), &json!({ "ownerUserID": "alice" })).await;
    assert_eq!(response["errCode"], 500);
}

#[test]
fn counts_a_response_that_the_client_left_as_abandoned() {
    let recorded = record(async {
        let router = api(filled(400, 0).await).max_in_flight(1).router();
        drop(respond(&router, all()).await);
        wait_until_free(&router).await;
    });
    assert_eq!(recorded[&key(metrics::REQUESTS, &[ALL, "abandoned"])], DebugValue::Counter(1));
}

#[tokio::test]
async fn requires_a_full_sync_if_an_increment_is_too_large() {
    let sync = "/conversation/get_incremental_conversations";
    for (count, is_full) in [(60, false), (70, true)] {
        let router = api(filled(count, 64 * 1024).await).router();
        let ids = json!({ "userID": "alice", "idHash": 0 });
        let ids = call(&router, "/conversation/get_full_conversation_ids", &token(ADMIN), &ids).await["data"].take();
        assert_eq!(ids["conversationIDs"].as_array().unwrap().len(), count);
        let since = json!({ "userID": "alice", "versionID": ids["versionID"], "version": 0 });
        let changes = call(&router, sync, &token(ADMIN), &since).await["data"].take();
        assert_eq!((&changes["full"], &changes["version"]), (&json!(is_full), &ids["version"]), "{count}");
        assert_eq!(changes["insert"].as_array().unwrap().len(), if is_full { 0 } else { count });
    }
}

#[tokio::test]
async fn writes_many_ids_while_it_reads_them() {
    const COUNT: usize = 1_200;
    let router = api(with_ids((0..COUNT).map(|n| format!("{n:0250}")), 0).await).router();
    let path = "/conversation/get_full_conversation_ids";
    let of = |hash: u64| request(path, &token(ADMIN), json!({ "userID": "alice", "idHash": hash }).to_string());
    let response = respond(&router, of(0)).await;
    assert!(!response.headers().contains_key(CONTENT_LENGTH), "the IDs are in memory together");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let data = serde_json::from_slice::<Value>(&body).unwrap()["data"].take();
    let expected: Vec<_> = (0..COUNT).map(|n| format!("sg_{n:0250}")).collect();
    assert_eq!((&data["version"], &data["equal"]), (&json!(COUNT), &json!(false)));
    assert!(data["conversationIDs"] == json!(expected));

    let ids: Vec<_> = expected.into_iter().map(|id| ConversationId::new(id).unwrap()).collect();
    let (_, text) = send(&router, of(id_hash(&ids))).await;
    let equal = serde_json::from_str::<Value>(&text).unwrap()["data"].take();
    assert_eq!((&equal["version"], &equal["equal"]), (&json!(COUNT), &json!(true)));
    assert_eq!(equal["conversationIDs"], json!([]));
}
