//! Events arrive in order and within bounds, and calls do not wait for them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use ::metrics::Unit;
use conversation_settings_core::{ConversationId, GroupId, Patch, Seq, SetConversations, UserId};
use conversation_settings_http_client::testing::{Receiver, Reply};
use conversation_settings_service::{Context, Service, metrics::EVENT_QUEUE_DEPTH};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_webhook::{ClientError, Webhook, WebhookOptions, metrics};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::log::begin_log;

pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Attempts of a request with [`eager`] options.
const ATTEMPTS: u32 = 3;

/// Options that retry at once.
pub(crate) fn eager() -> WebhookOptions {
    let delay = Duration::from_millis(1);
    WebhookOptions::default().attempts(ATTEMPTS).delays(delay, delay)
}

pub(crate) fn start(url: &str, options: &WebhookOptions) -> Service {
    start_with(url, options, Service::EVENT_QUEUE)
}

pub(crate) fn start_with(url: &str, options: &WebhookOptions, queue: usize) -> Service {
    let webhook = Arc::new(Webhook::new(url, options).unwrap());
    Service::builder(MemoryStore::new()).events(webhook).event_queue(queue).build()
}

pub(crate) async fn set(service: &Service, users: &[&str], min_seq: u64) {
    let users: Vec<_> = users.iter().map(|user| UserId::new(*user).unwrap()).collect();
    let patch = Patch::KEEP.min_seq(Seq::try_from(i64::try_from(min_seq).unwrap()).unwrap());
    let set = SetConversations::group(&GroupId::new("team").unwrap()).users(&users).patch(patch).build().unwrap();
    let context = Context::admin(UserId::new("imAdmin").unwrap()).with_operation_id("op-1");
    service.set(&context, set).await.unwrap();
}

/// The versions of an owner's events in a request, in order.
pub(crate) fn versions(body: &Value, owner: &str) -> Vec<u64> {
    let events = body["events"].as_array().unwrap().iter().filter(|event| event["ownerUserID"] == owner);
    events.map(|event| event["version"].as_u64().unwrap()).collect()
}

pub(crate) fn snapshotter() -> (Snapshotter, ::metrics::LocalRecorderGuard<'static>) {
    let recorder = Box::leak(Box::new(DebuggingRecorder::new()));
    (recorder.snapshotter(), ::metrics::set_default_local_recorder(recorder))
}

/// Dropped events by reason.
pub(crate) fn dropped(snapshotter: &Snapshotter) -> HashMap<String, u64> {
    let counters = snapshotter.snapshot().into_vec().into_iter();
    let drops = counters.filter(|(key, ..)| key.key().name() == metrics::EVENTS_DROPPED);
    drops
        .map(|(key, _, _, value)| {
            let reason = key.key().labels().find(|label| label.key() == "reason").unwrap().value().to_owned();
            let DebugValue::Counter(count) = value else { panic!("a counter") };
            (reason, count)
        })
        .collect()
}

#[tokio::test]
async fn sends_all_waiting_events_in_one_request() {
    let mut receiver = Receiver::accepting().await;
    let service = start(&format!("{}/hook?key=1", receiver.url()), &eager());
    set(&service, &["alice", "bob"], 1).await;
    let request = receiver.next().await;
    assert_eq!((&*request.path, request.headers["content-type"].as_bytes()), ("/hook?key=1", &b"application/json"[..]));
    let event = |owner: &str| {
        json!({ "ownerUserID": owner, "conversationID": "sg_team", "kind": "created", "fields": ["minSeq"],
            "values": { "minSeq": 1 }, "version": 1, "operationID": "op-1", "opUserID": "imAdmin" })
    };
    assert_eq!(request.body, json!({ "events": [event("alice"), event("bob")] }));
    assert_eq!(service.close(LONG).await, 0);
    assert!(!receiver.has_more());
}

/// Alice turns private chat with bob on, and pins the conversation where `is_pinned` says so.
async fn open_private_chat(service: &Service, is_pinned: Option<bool>) {
    let (alice, bob) = (UserId::new("alice").unwrap(), UserId::new("bob").unwrap());
    let mut patch = Patch::KEEP.is_private_chat(true);
    patch.is_pinned = is_pinned;
    let set = SetConversations::single(&alice, &bob).users([&alice]).patch(patch).build().unwrap();
    service.set(&Context::user(alice).with_operation_id("op-1"), set).await.unwrap();
}

#[tokio::test]
async fn sends_the_request_that_the_guide_shows() {
    let guide = include_str!("../../../../docs/events.md");
    let shown = guide.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let mut receiver = Receiver::accepting().await;
    let service = start(receiver.url(), &eager());
    open_private_chat(&service, None).await;
    assert_eq!(receiver.next().await.body, serde_json::from_str::<Value>(shown).unwrap());
    assert_eq!(service.close(LONG).await, 0);
}

#[tokio::test]
async fn names_fields_as_openim_does() {
    let mut receiver = Receiver::accepting().await;
    let service = start(receiver.url(), &eager());
    open_private_chat(&service, Some(true)).await;
    let admin = Context::admin(UserId::new("imAdmin").unwrap()).with_operation_id("op-admin");
    let id = ConversationId::new("si_alice_bob").unwrap();
    service.remove_conversation(&admin, &id, &[UserId::new("bob").unwrap()]).await.unwrap();
    assert_eq!(service.close(LONG).await, 0);
    let mut events = Vec::new();
    while receiver.has_more() {
        let text = receiver.next().await.text;
        events.push(text.strip_prefix(r#"{"events":["#).and_then(|text| text.strip_suffix("]}")).unwrap().to_owned());
    }
    assert_eq!(
        events.join(","),
        [
            r#"{"ownerUserID":"alice","conversationID":"si_alice_bob","kind":"created","fields":["isPinned","isPrivateChat"],"values":{"isPinned":true,"isPrivateChat":true},"version":1,"operationID":"op-1","opUserID":"alice"}"#,
            r#"{"ownerUserID":"alice","conversationID":"si_alice_bob","kind":"privateChat","fields":["isPrivateChat"],"values":{"isPrivateChat":true},"version":1,"operationID":"op-1","opUserID":"alice","userID":"bob","isPrivateChat":true}"#,
            r#"{"ownerUserID":"bob","conversationID":"si_alice_bob","kind":"created","fields":["isPrivateChat"],"values":{"isPrivateChat":true},"version":1,"operationID":"op-1","opUserID":"alice"}"#,
            r#"{"ownerUserID":"bob","conversationID":"si_alice_bob","kind":"privateChat","fields":["isPrivateChat"],"values":{"isPrivateChat":true},"version":1,"operationID":"op-1","opUserID":"alice","userID":"alice","isPrivateChat":true}"#,
            r#"{"ownerUserID":"bob","conversationID":"si_alice_bob","kind":"removed","fields":[],"values":{},"version":2,"operationID":"op-admin","opUserID":"imAdmin"}"#,
        ]
        .join(",")
    );
}

#[tokio::test]
async fn retries_failed_requests_in_order() {
    let mut receiver = Receiver::start(|n| Reply::Status([500, 200, 429, 503, 200, 308][n % 6])).await;
    let service = start(receiver.url(), &eager().attempts(9));
    let callers = (0..8).map(|caller| {
        let service = service.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                set(&service, &["alice", "bob"], caller * 50 + n + 1).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert_eq!(service.close(LONG).await, 0);
    let (mut taken, mut failed) = (HashMap::<_, Vec<u64>>::new(), 0);
    while receiver.has_more() {
        let request = receiver.next().await;
        failed += u32::from(request.status != 200);
        for owner in ["alice", "bob"].into_iter().filter(|_| request.status == 200) {
            taken.entry(owner).or_default().extend(versions(&request.body, owner));
        }
    }
    assert!(failed > 0);
    for owner in ["alice", "bob"] {
        assert_eq!(taken[owner], (1..=400).collect::<Vec<_>>(), "{owner}: each event once, in order");
    }
}

#[tokio::test]
async fn drops_events_from_a_full_queue_without_blocking_calls() {
    let (snapshotter, _recording) = snapshotter();
    let receiver = Receiver::start(|_| Reply::Never).await;
    let service = start_with(receiver.url(), &eager(), 10);
    let users: Vec<_> = (0..1_000).map(|n| format!("u{n}")).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    let began = Instant::now();
    set(&service, &users, 1).await;
    assert!(began.elapsed() < Duration::from_secs(5), "the call did not wait for the receiver");
    assert_eq!(dropped(&snapshotter), HashMap::from([("queue_full".to_owned(), 990)]));
    assert_eq!(service.close(Duration::ZERO).await, 10);
    assert_eq!(dropped(&snapshotter), HashMap::from([("closed".to_owned(), 10), ("queue_full".to_owned(), 0)]));
}

#[tokio::test]
async fn drops_refused_events_without_a_retry() {
    let (snapshotter, _recording) = snapshotter();
    let mut receiver = Receiver::start(|n| Reply::Status(if n == 0 { 422 } else { 204 })).await;
    let service = start(receiver.url(), &eager());
    set(&service, &["alice"], 1).await;
    assert_eq!(receiver.next().await.status, 422);
    set(&service, &["alice"], 2).await;
    assert_eq!(versions(&receiver.next().await.body, "alice"), [2]);
    assert_eq!(service.close(LONG).await, 0);
    assert_eq!(dropped(&snapshotter), HashMap::from([("refused".to_owned(), 1)]));
}

#[tokio::test]
async fn drops_failed_events_after_the_last_attempt() {
    let elsewhere = Receiver::accepting().await;
    for reply in [Reply::Status(500), Reply::Status(408), Reply::Redirect(elsewhere.url().to_owned()), Reply::Never] {
        let (snapshotter, _recording) = snapshotter();
        let script = reply.clone();
        let requests = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&requests);
        let counted = move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            script.clone()
        };
        let receiver = Receiver::start(counted).await;
        let timeout = Duration::from_millis(if matches!(reply, Reply::Never) { 1_000 } else { 20_000 });
        let service = start(receiver.url(), &eager().timeout(timeout));
        set(&service, &["alice"], 1).await;
        assert_eq!(service.close(LONG).await, 0);
        assert_eq!(dropped(&snapshotter), HashMap::from([("failed".to_owned(), 1)]), "{reply:?}");
        assert_eq!(requests.load(Ordering::SeqCst), ATTEMPTS, "{reply:?}");
    }
    assert!(!elsewhere.has_more(), "redirects are not followed");
}

#[tokio::test]
async fn drops_events_for_an_unreachable_receiver() {
    let receiver = Receiver::accepting().await;
    // Bound without listening: the port is reserved, and connections fail.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let unreachable = socket.local_addr().unwrap();
    for url in [format!("http://{unreachable}"), receiver.url().replace("http:", "https:")] {
        let (snapshotter, _recording) = snapshotter();
        let service = start(&url, &eager());
        set(&service, &["alice"], 1).await;
        assert_eq!(service.close(LONG).await, 0);
        assert_eq!(dropped(&snapshotter), HashMap::from([("failed".to_owned(), 1)]), "{url}");
    }
}

#[tokio::test]
async fn sends_waiting_events_on_close_and_rejects_later_ones() {
    let (snapshotter, _recording) = snapshotter();
    let mut receiver = Receiver::accepting().await;
    let service = start(receiver.url(), &eager());
    for n in 1..=250 {
        set(&service, &["alice"], n).await;
    }
    assert_eq!(service.close(LONG).await, 0);
    let mut taken = Vec::new();
    while receiver.has_more() {
        taken.extend(versions(&receiver.next().await.body, "alice"));
    }
    assert_eq!(taken, (1..=250).collect::<Vec<_>>());
    set(&service, &["alice"], 251).await;
    assert_eq!(dropped(&snapshotter), HashMap::from([("closed".to_owned(), 1)]));
    assert_eq!(service.close(LONG).await, 0, "closing twice is harmless");
}

#[tokio::test]
async fn sends_waiting_events_when_dropped() {
    let mut receiver = Receiver::accepting().await;
    let service = start(receiver.url(), &eager());
    set(&service, &["alice"], 1).await;
    drop(service);
    assert_eq!(versions(&receiver.next().await.body, "alice"), [1]);
}

/// The change of the queue's depth, and the number of timed requests by result.
fn measured(snapshotter: &Snapshotter) -> (f64, Vec<(String, usize)>) {
    let (mut depth, mut times) = (0.0, Vec::new());
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        match (key.key().name(), value) {
            (EVENT_QUEUE_DEPTH, DebugValue::Gauge(change)) => depth += *change,
            (metrics::WEBHOOK_REQUEST_SECONDS, DebugValue::Histogram(values)) => {
                times.push((key.key().labels().next().unwrap().value().to_owned(), values.len()));
            }
            _ => (),
        }
    }
    (depth, times)
}

#[tokio::test]
async fn measures_queue_depth_and_request_time() {
    let (snapshotter, _recording) = snapshotter();
    let receiver = Receiver::start(|n| Reply::Status(if n == 0 { 500 } else { 200 })).await;
    let service = start(receiver.url(), &eager());
    set(&service, &["alice", "bob", "carol"], 1).await;
    // Each snapshot resets the recorder.
    let (before, _) = measured(&snapshotter);
    service.close(LONG).await;
    let (after, mut times) = measured(&snapshotter);
    assert_eq!((before, after), (3.0, -3.0));
    times.sort();
    assert_eq!(times, [("delivered".to_owned(), 1), ("failed".to_owned(), 1)]);
}

#[tokio::test]
async fn describes_each_metric_with_its_unit() {
    let (snapshotter, _recording) = snapshotter();
    let receiver = Receiver::start(|_| Reply::Status(422)).await;
    let service = start(receiver.url(), &eager());
    set(&service, &["alice"], 1).await;
    service.close(LONG).await;
    let mut described: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, unit, description, _)| (key.key().name().to_owned(), unit, description.is_some()))
        .collect();
    described.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        (EVENT_QUEUE_DEPTH, Unit::Count),
        (metrics::EVENTS_DROPPED, Unit::Count),
        (metrics::WEBHOOK_REQUEST_SECONDS, Unit::Seconds),
        (metrics::WEBHOOK_WAITING_SECONDS, Unit::Seconds),
    ];
    assert_eq!(described, expected.map(|(name, unit)| (name.to_owned(), Some(unit), true)));
}

/// 301 events for a queue of 300, sent 100 at a time: one is dropped, and the queue recovers once half of it is sent.
#[tokio::test]
async fn logs_the_first_dropped_event_and_later_their_count() {
    let (written, _log) = begin_log("warn");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (log, seen) = (written.clone(), Arc::clone(&lines));
    let receiver = Receiver::start(move |_| {
        seen.lock().unwrap().push(log.lines().len());
        Reply::Status(200)
    })
    .await;
    let service = start_with(receiver.url(), &eager(), 300);
    let users: Vec<_> = (0..301).map(|n| format!("u{n}")).collect();
    set(&service, &users.iter().map(String::as_str).collect::<Vec<_>>(), 1).await;
    assert_eq!(service.close(LONG).await, 0);
    assert_eq!(*lines.lock().unwrap(), [1, 2, 2], "lines in the log at each request");
    let lines: Vec<_> = written.lines().into_iter().map(|line| line["fields"].clone()).collect();
    let expected = [
        json!({ "message": "the queue of an event sink is full: dropping events", "sink": "webhook" }),
        json!({ "message": "the queue of an event sink was full: events were dropped", "sink": "webhook", "events": 1 }),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn reuses_the_connection_after_a_long_response() {
    let mut receiver = Receiver::start(|_| Reply::Body("x".repeat(60 * 1024))).await;
    let service = start(receiver.url(), &eager());
    set(&service, &["alice"], 1).await;
    let first = receiver.next().await.client;
    set(&service, &["alice"], 2).await;
    assert_eq!(receiver.next().await.client, first);
    assert_eq!(service.close(LONG).await, 0);
}

#[tokio::test]
async fn rejects_other_urls_without_repeating_them() {
    for url in ["", "example.org/hook", "/hook", "ftp://example.org", "http://", "https://u:pass@[::1"] {
        let error = Webhook::new(url, &eager()).unwrap_err();
        assert!(matches!(error, ClientError::Url), "{url}");
        assert_eq!(error.to_string(), "the URL must start with http:// or https://");
    }
    let webhook = Webhook::new("https://user:pass@example.org", &eager()).unwrap();
    assert_eq!(
        format!("{webhook:?}"),
        "Webhook { options: WebhookOptions { timeout: 5s, attempts: Some(3), give_up_after: None, first_delay: 1ms, longest_delay: 1ms, keys: [], authorities: Authorities { added: 0 } }, .. }"
    );
}
