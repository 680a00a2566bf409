//! A receiver that is down, and comes back or does not.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use conversation_settings_http_client::testing::{Receiver, Reply};
use conversation_settings_webhook::{WebhookOptions, metrics::WEBHOOK_WAITING_SECONDS};
use metrics_util::debugging::{DebugValue, Snapshotter};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::{
    log::begin_log,
    sending::{LONG, dropped, set, snapshotter, start, start_with, versions},
};

/// Options without a limit that retry at once.
fn patient() -> WebhookOptions {
    let delay = Duration::from_millis(1);
    WebhookOptions::default().delays(delay, delay)
}

/// Polls until `condition` holds.
async fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "the condition does not hold in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// How long the oldest request waits, by the metric.
fn waiting(snapshotter: &Snapshotter) -> Duration {
    let gauges = snapshotter.snapshot().into_vec();
    let gauge = gauges.into_iter().find(|(key, ..)| key.key().name() == WEBHOOK_WAITING_SECONDS);
    let Some((_, _, _, DebugValue::Gauge(value))) = gauge else { panic!("the gauge is set") };
    Duration::from_secs_f64(*value)
}

#[tokio::test]
async fn delivers_everything_in_order_after_an_outage() {
    let (snapshotter, _recording) = snapshotter();
    let (written, _log) = begin_log("info");
    // Bound without listening: connections fail until the socket listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let service = start(&format!("http://{}", socket.local_addr().unwrap()), &patient());
    for n in 1..=250 {
        set(&service, &["alice"], n).await;
    }
    let start_of_outage = "the webhook's receiver accepts no events: the webhook keeps trying";
    until(|| written.lines().iter().any(|line| line["fields"]["message"] == start_of_outage)).await;
    until(|| !waiting(&snapshotter).is_zero()).await;
    let mut receiver =
        Receiver::start_on(socket.listen(64).unwrap(), |n| Reply::Status([503, 404, 502, 200][n.min(3)]));
    assert_eq!(service.close(LONG).await, 0);
    let (mut taken, mut statuses) = (Vec::new(), Vec::new());
    while receiver.has_more() {
        let request = receiver.next().await;
        statuses.push(request.status);
        if request.status == 200 {
            taken.extend(versions(&request.body, "alice"));
        }
    }
    assert_eq!(taken, (1..=250).collect::<Vec<_>>());
    assert_eq!(statuses[..4], [503, 404, 502, 200]);
    assert!(dropped(&snapshotter).is_empty());
    assert_eq!(waiting(&snapshotter), Duration::ZERO);
    let lines: Vec<_> = written.lines().into_iter().map(|line| line["fields"].clone()).collect();
    let [first, last] = &lines[..] else { panic!("two lines, however many attempts: {lines:?}") };
    assert_eq!(first["message"], start_of_outage);
    assert_eq!((&last["message"], &last["dropped"]), (&json!("the webhook's receiver responds again"), &json!(0)));
    assert!(last["attempts"].as_u64().unwrap() >= 5 && last["seconds"].is_u64(), "{last}");
}

#[tokio::test]
async fn retries_each_status_that_judges_the_receiver() {
    let statuses = [301, 308, 401, 402, 403, 404, 405, 406, 407, 408, 411, 414, 415, 421, 423, 425, 429, 431, 451];
    for status in statuses.into_iter().chain([500, 502, 503, 504, 521, 599]) {
        let (snapshotter, _recording) = snapshotter();
        let mut receiver = Receiver::start(move |n| Reply::Status(if n < 7 { status } else { 200 })).await;
        let service = start(receiver.url(), &patient());
        set(&service, &["alice"], 1).await;
        for _ in 0..7 {
            assert_eq!(receiver.next().await.status, status);
        }
        assert_eq!(versions(&receiver.next().await.body, "alice"), [1], "{status}");
        assert_eq!(service.close(LONG).await, 0);
        assert!(dropped(&snapshotter).is_empty(), "{status}");
    }
}

#[tokio::test]
async fn drops_events_at_each_status_that_judges_them() {
    for status in [400, 409, 410, 413, 422] {
        let (snapshotter, _recording) = snapshotter();
        let (written, _log) = begin_log("info");
        // An outage ends with the first judgement.
        let mut receiver = Receiver::start(move |n| Reply::Status([503, 503, status, 200][n.min(3)])).await;
        let service = start(receiver.url(), &patient());
        set(&service, &["alice"], 1).await;
        for expected in [503, 503, status] {
            assert_eq!(receiver.next().await.status, expected);
        }
        set(&service, &["alice"], 2).await;
        assert_eq!(versions(&receiver.next().await.body, "alice"), [2], "{status}");
        assert_eq!(service.close(LONG).await, 0);
        assert_eq!(dropped(&snapshotter), HashMap::from([("refused".to_owned(), 1)]), "{status}");
        let messages: Vec<_> = written.lines().iter().map(|line| line["fields"]["message"].clone()).collect();
        let expected = [
            "the webhook's receiver accepts no events: the webhook keeps trying",
            "the webhook's receiver responds again",
            "the webhook's receiver refused events: events were dropped",
        ];
        assert_eq!(messages, expected, "{status}");
    }
}

#[tokio::test]
async fn drops_new_events_of_a_full_queue_and_delivers_the_old_ones() {
    let (snapshotter, _recording) = snapshotter();
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let mut receiver = Receiver::start(move |_| Reply::Status(if up.load(Ordering::SeqCst) { 200 } else { 404 })).await;
    let service = start_with(receiver.url(), &patient(), 10);
    set(&service, &["alice"], 1).await;
    // The request that is retried is not in the queue.
    assert_eq!(versions(&receiver.next().await.body, "alice"), [1]);
    for n in 2..=31 {
        set(&service, &["alice"], n).await;
    }
    assert_eq!(dropped(&snapshotter), HashMap::from([("queue_full".to_owned(), 20)]));
    is_up.store(true, Ordering::SeqCst);
    assert_eq!(service.close(LONG).await, 0);
    let mut taken = Vec::new();
    while receiver.has_more() {
        let request = receiver.next().await;
        if request.status == 200 {
            taken.extend(versions(&request.body, "alice"));
        }
    }
    assert_eq!(taken, (1..=11).collect::<Vec<_>>(), "the oldest events, each once, in order");
}

#[tokio::test]
async fn ends_at_the_deadline_of_a_stop_during_an_outage() {
    let (snapshotter, _recording) = snapshotter();
    let hour = Duration::from_secs(60 * 60);
    for (options, reply) in [
        (WebhookOptions::default().delays(hour, hour), Reply::Status(503)),
        (patient(), Reply::Status(404)),
        (WebhookOptions::default().timeout(hour), Reply::Never),
    ] {
        let receiver = Receiver::start(move |_| reply.clone()).await;
        let service = start(receiver.url(), &options);
        set(&service, &["alice", "bob"], 1).await;
        let began = Instant::now();
        assert_eq!(service.close(Duration::from_millis(300)).await, 2);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(dropped(&snapshotter), HashMap::from([("closed".to_owned(), 2)]));
        assert_eq!(waiting(&snapshotter), Duration::ZERO, "nothing waits after the end");
    }
}

#[tokio::test]
async fn delivers_waiting_events_at_a_stop_once_the_receiver_is_back() {
    let hour = Duration::from_secs(60 * 60);
    let mut receiver = Receiver::start(|n| Reply::Status(if n == 0 { 503 } else { 200 })).await;
    let service = start(receiver.url(), &WebhookOptions::default().delays(hour, hour));
    set(&service, &["alice"], 1).await;
    assert_eq!(receiver.next().await.status, 503);
    set(&service, &["alice"], 2).await;
    assert_eq!(service.close(LONG).await, 0, "the stop does not wait for the next attempt's hour");
    for version in [1, 2] {
        assert_eq!(versions(&receiver.next().await.body, "alice"), [version]);
    }
}

#[tokio::test]
async fn logs_the_first_loss_of_an_outage_and_counts_the_others() {
    let (snapshotter, _recording) = snapshotter();
    let (written, _log) = begin_log("info");
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let mut receiver = Receiver::start(move |n| {
        count.fetch_add(1, Ordering::SeqCst);
        Reply::Status(if n < 3 { 500 } else { 200 })
    })
    .await;
    let service = start(receiver.url(), &WebhookOptions::default().give_up_after(Duration::ZERO));
    for n in 1..=4 {
        set(&service, &["alice"], n).await;
        receiver.next().await;
    }
    assert_eq!(service.close(LONG).await, 0);
    assert_eq!(requests.load(Ordering::SeqCst), 4);
    assert_eq!(dropped(&snapshotter), HashMap::from([("failed".to_owned(), 3)]));
    let lines: Vec<_> = written.lines().into_iter().map(|line| line["fields"].clone()).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0]["message"], "the webhook gave up on events: events were dropped");
    assert_eq!(lines[1]["message"], "the webhook's receiver accepts no events: the webhook keeps trying");
    assert_eq!((&lines[2]["attempts"], &lines[2]["dropped"]), (&json!(3), &json!(3)));
}
