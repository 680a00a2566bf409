//! Events sent to a URL: in order, within bounds, and never in a call's way.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use ::metrics::Unit;
use conversation_settings_core::{SetConversationsRequest, UserId};
use conversation_settings_service::{
    Caller, Context, Service, metrics,
    rest::{RestError, Webhook, WebhookOptions},
};
use conversation_settings_store::Retry;
use conversation_settings_store_memory::MemoryStore;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::{
    log::begin_log,
    receiver::{Answer, Receiver},
};

const LONG: Duration = Duration::from_secs(20);

/// Options that try again at once.
fn eager() -> WebhookOptions {
    let (first, longest) = (Duration::from_millis(1), Duration::from_millis(1));
    WebhookOptions { retry: Retry { attempts: 3, first, longest }, ..WebhookOptions::default() }
}

fn house(url: &str, options: &WebhookOptions) -> (Arc<Webhook>, Service) {
    let webhook = Arc::new(Webhook::start(url, options).unwrap());
    let service = Service::builder(Arc::new(MemoryStore::new())).events(webhook.clone()).build();
    (webhook, service)
}

async fn set(service: &Service, users: &[&str], min_seq: u64) {
    let request: SetConversationsRequest = serde_json::from_value(json!({
        "userIDs": users,
        "conversation": {
            "conversationID": "sg_team", "conversationType": 3, "groupID": "team", "minSeq": min_seq,
        },
    }))
    .unwrap();
    let context = Context::new("op-1", Caller::Admin(UserId::new("imAdmin").unwrap()));
    service.set_conversations(&context, request).await.unwrap();
}

/// The versions of an owner's events in a request, in their order.
fn versions(body: &Value, owner: &str) -> Vec<u64> {
    let events = body["events"].as_array().unwrap().iter().filter(|event| event["ownerUserID"] == owner);
    events.map(|event| event["version"].as_u64().unwrap()).collect()
}

fn snapshotter() -> (Snapshotter, ::metrics::LocalRecorderGuard<'static>) {
    let recorder = Box::leak(Box::new(DebuggingRecorder::new()));
    (recorder.snapshotter(), ::metrics::set_default_local_recorder(recorder))
}

/// How many events were dropped, by reason.
fn dropped(snapshotter: &Snapshotter) -> HashMap<String, u64> {
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
async fn events_arrive_as_json_with_all_that_waits_in_one_request() {
    let mut receiver = Receiver::willing().await;
    let (webhook, service) = house(&format!("{}/hook?key=1", receiver.url), &eager());
    set(&service, &["alice", "bob"], 1).await;
    let request = receiver.next().await;
    assert_eq!((&*request.path, request.headers["content-type"].as_bytes()), ("/hook?key=1", &b"application/json"[..]));
    let event = |owner: &str| {
        json!({ "ownerUserID": owner, "conversationID": "sg_team", "kind": "created", "fields": ["minSeq"],
            "version": 1, "operationID": "op-1", "opUserID": "imAdmin" })
    };
    assert_eq!(request.body, json!({ "events": [event("alice"), event("bob")] }));
    assert_eq!(webhook.close(LONG).await, 0);
    assert!(!receiver.has_more());
}

#[tokio::test]
async fn the_guide_shows_a_request_as_it_arrives() {
    let guide = include_str!("../../../../docs/events.md");
    let shown = guide.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let mut receiver = Receiver::willing().await;
    let (webhook, service) = house(&receiver.url, &eager());
    let request: SetConversationsRequest = serde_json::from_value(json!({
        "userIDs": ["alice"],
        "conversation": {
            "conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob", "isPrivateChat": true,
        },
    }))
    .unwrap();
    let context = Context::new("op-1", Caller::User(UserId::new("alice").unwrap()));
    service.set_conversations(&context, request).await.unwrap();
    assert_eq!(receiver.next().await.body, serde_json::from_str::<Value>(shown).unwrap());
    assert_eq!(webhook.close(LONG).await, 0);
}

#[tokio::test]
async fn what_failed_is_sent_again_and_what_follows_waits_so_that_the_order_holds() {
    let mut receiver = Receiver::start(|n| Answer::Status([500, 200, 429, 503, 200, 308][n % 6])).await;
    let options = WebhookOptions { retry: Retry { attempts: 9, ..eager().retry }, ..eager() };
    let (webhook, service) = house(&receiver.url, &options);
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
    assert_eq!(webhook.close(LONG).await, 0);
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
        assert_eq!(taken[owner], (1..=400).collect::<Vec<_>>(), "{owner}: each once, in order");
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_holds_up_no_call_and_what_does_not_fit_is_dropped_and_counted() {
    let (snapshotter, _recording) = snapshotter();
    let receiver = Receiver::start(|_| Answer::Never).await;
    let (webhook, service) = house(&receiver.url, &WebhookOptions { queue: 10, ..eager() });
    let users: Vec<_> = (0..1_000).map(|n| format!("u{n}")).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    let began = Instant::now();
    set(&service, &users, 1).await;
    assert!(began.elapsed() < eager().timeout, "nobody waited for the receiver");
    assert_eq!(dropped(&snapshotter), HashMap::from([("queue_full".to_owned(), 990)]));
    assert_eq!(webhook.close(Duration::ZERO).await, 10);
    assert_eq!(dropped(&snapshotter), HashMap::from([("closed".to_owned(), 10), ("queue_full".to_owned(), 0)]));
}

#[tokio::test]
async fn what_is_refused_is_dropped_at_once_and_what_comes_next_is_sent() {
    let (snapshotter, _recording) = snapshotter();
    let mut receiver = Receiver::start(|n| Answer::Status(if n == 0 { 422 } else { 204 })).await;
    let (webhook, service) = house(&receiver.url, &eager());
    set(&service, &["alice"], 1).await;
    assert_eq!(receiver.next().await.status, 422);
    set(&service, &["alice"], 2).await;
    assert_eq!(versions(&receiver.next().await.body, "alice"), [2]);
    assert_eq!(webhook.close(LONG).await, 0);
    assert_eq!(dropped(&snapshotter), HashMap::from([("refused".to_owned(), 1)]));
}

#[tokio::test]
async fn what_fails_is_dropped_after_the_last_attempt_whatever_the_failure_is() {
    let elsewhere = Receiver::willing().await;
    for answer in [Answer::Status(500), Answer::Status(408), Answer::Redirect(elsewhere.url.clone()), Answer::Never] {
        let (snapshotter, _recording) = snapshotter();
        let script = answer.clone();
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let counted = move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            script.clone()
        };
        let receiver = Receiver::start(counted).await;
        let timeout = Duration::from_millis(if matches!(answer, Answer::Never) { 50 } else { 20_000 });
        let (webhook, service) = house(&receiver.url, &WebhookOptions { timeout, ..eager() });
        set(&service, &["alice"], 1).await;
        assert_eq!(webhook.close(LONG).await, 0);
        assert_eq!(dropped(&snapshotter), HashMap::from([("failed".to_owned(), 1)]), "{answer:?}");
        assert_eq!(asked.load(Ordering::SeqCst), eager().retry.attempts, "{answer:?}");
    }
    let mut elsewhere = elsewhere;
    assert!(!elsewhere.has_more(), "what is told goes to the configured URL alone");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_and_one_that_does_not_speak_tls_fail_like_any_other() {
    let receiver = Receiver::willing().await;
    // Bound and not listening: nobody else takes the port, and nobody answers.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = socket.local_addr().unwrap();
    for url in [format!("http://{nobody}"), receiver.url.replace("http:", "https:")] {
        let (snapshotter, _recording) = snapshotter();
        let (webhook, service) = house(&url, &eager());
        set(&service, &["alice"], 1).await;
        assert_eq!(webhook.close(LONG).await, 0);
        assert_eq!(dropped(&snapshotter), HashMap::from([("failed".to_owned(), 1)]), "{url}");
    }
}

#[tokio::test]
async fn closing_sends_what_waits_and_takes_no_more() {
    let (snapshotter, _recording) = snapshotter();
    let mut receiver = Receiver::willing().await;
    let (webhook, service) = house(&receiver.url, &eager());
    for n in 1..=250 {
        set(&service, &["alice"], n).await;
    }
    assert_eq!(webhook.close(LONG).await, 0);
    let mut taken = Vec::new();
    while receiver.has_more() {
        taken.extend(versions(&receiver.next().await.body, "alice"));
    }
    assert_eq!(taken, (1..=250).collect::<Vec<_>>());
    set(&service, &["alice"], 251).await;
    assert_eq!(dropped(&snapshotter), HashMap::from([("closed".to_owned(), 1)]));
    assert_eq!(webhook.close(LONG).await, 0, "a second time is as good as once");
}

#[tokio::test]
async fn a_webhook_that_was_only_dropped_sends_what_waits_all_the_same() {
    let mut receiver = Receiver::willing().await;
    let (webhook, service) = house(&receiver.url, &eager());
    set(&service, &["alice"], 1).await;
    drop((webhook, service));
    assert_eq!(versions(&receiver.next().await.body, "alice"), [1]);
}

/// By how much the queue's depth has changed, and how many requests have been timed, by result.
fn measured(snapshotter: &Snapshotter) -> (f64, Vec<(String, usize)>) {
    let (mut depth, mut times) = (0.0, Vec::new());
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        match (key.key().name(), value) {
            (metrics::WEBHOOK_QUEUE_DEPTH, DebugValue::Gauge(change)) => depth += *change,
            (metrics::WEBHOOK_REQUEST_SECONDS, DebugValue::Histogram(values)) => {
                times.push((key.key().labels().next().unwrap().value().to_owned(), values.len()));
            }
            _ => (),
        }
    }
    (depth, times)
}

#[tokio::test]
async fn the_queue_s_depth_and_each_request_s_time_are_measured() {
    let (snapshotter, _recording) = snapshotter();
    let receiver = Receiver::start(|n| Answer::Status(if n == 0 { 500 } else { 200 })).await;
    let (webhook, service) = house(&receiver.url, &eager());
    set(&service, &["alice", "bob", "carol"], 1).await;
    // A snapshot takes what it shows: the next shows what came after.
    let (before, _) = measured(&snapshotter);
    webhook.close(LONG).await;
    let (after, mut times) = measured(&snapshotter);
    assert_eq!((before, after), (3.0, -3.0));
    times.sort();
    assert_eq!(times, [("delivered".to_owned(), 1), ("failed".to_owned(), 1)]);
}

#[tokio::test]
async fn each_metric_says_what_it_is_and_in_what_unit() {
    let (snapshotter, _recording) = snapshotter();
    let receiver = Receiver::start(|_| Answer::Status(422)).await;
    let (webhook, service) = house(&receiver.url, &eager());
    set(&service, &["alice"], 1).await;
    webhook.close(LONG).await;
    let mut described: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, unit, description, _)| (key.key().name().to_owned(), unit, description.is_some()))
        .collect();
    described.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        (metrics::EVENTS_DROPPED, Unit::Count),
        (metrics::WEBHOOK_QUEUE_DEPTH, Unit::Count),
        (metrics::WEBHOOK_REQUEST_SECONDS, Unit::Seconds),
    ];
    assert_eq!(described, expected.map(|(name, unit)| (name.to_owned(), Some(unit), true)));
}

/// 301 events for a queue of 300, sent by the hundred: one is dropped, and there is room again when half have gone.
#[tokio::test]
async fn the_log_tells_of_a_full_queue_at_once_and_of_how_many_were_dropped_when_there_is_room() {
    let (written, _log) = begin_log("warn");
    let told = Arc::new(Mutex::new(Vec::new()));
    let (log, seen) = (written.clone(), Arc::clone(&told));
    let receiver = Receiver::start(move |_| {
        seen.lock().unwrap().push(log.lines().len());
        Answer::Status(200)
    })
    .await;
    let (webhook, service) = house(&receiver.url, &WebhookOptions { queue: 300, ..eager() });
    let users: Vec<_> = (0..301).map(|n| format!("u{n}")).collect();
    set(&service, &users.iter().map(String::as_str).collect::<Vec<_>>(), 1).await;
    assert_eq!(webhook.close(LONG).await, 0);
    assert_eq!(*told.lock().unwrap(), [1, 2, 2], "lines at each request");
    let lines: Vec<_> = written.lines().into_iter().map(|line| line["fields"].clone()).collect();
    let expected = [
        json!({ "message": "events are dropped: the webhook's queue is full" }),
        json!({ "message": "events were dropped: the webhook's queue was full", "events": 1 }),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_connection_is_used_again_also_after_an_answer_that_is_long() {
    let mut receiver = Receiver::start(|_| Answer::Body("x".repeat(60 * 1024))).await;
    let (webhook, service) = house(&receiver.url, &eager());
    set(&service, &["alice"], 1).await;
    let first = receiver.next().await.from;
    set(&service, &["alice"], 2).await;
    assert_eq!(receiver.next().await.from, first);
    assert_eq!(webhook.close(LONG).await, 0);
}

#[tokio::test]
async fn only_a_url_of_http_will_do_and_none_is_repeated() {
    for url in ["", "example.org/hook", "/hook", "ftp://example.org", "http://", "https://u:pass@[::1"] {
        let error = Webhook::start(url, &eager()).unwrap_err();
        assert!(matches!(error, RestError::Url), "{url}");
        assert_eq!(error.to_string(), "the URL must be one of http:// or https://");
    }
    let webhook = Webhook::start("https://user:pass@example.org", &eager()).unwrap();
    assert_eq!(format!("{webhook:?}"), "Webhook { waiting: 0, .. }");
}
