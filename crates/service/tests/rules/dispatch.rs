//! A sink delays neither calls nor other sinks, and its faults stay its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_service::{Event, EventSink};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use crate::setup::{Events, admin, service, set_group};

const LONG: Duration = Duration::from_secs(10);

/// Waits for a permit before each batch, and panics on the first ones.
#[derive(Debug)]
struct Slow {
    gate: Semaphore,
    panics: Mutex<u32>,
    received: Mutex<Vec<(String, u64)>>,
}

impl Slow {
    fn new(permits: usize, panics: u32) -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(permits), panics: panics.into(), received: Mutex::default() })
    }
}

#[async_trait]
impl EventSink for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn emit(&self, events: &[Event]) {
        self.gate.acquire().await.unwrap().forget();
        let is_panicking = {
            let mut panics = self.panics.lock().unwrap();
            *panics = panics.saturating_sub(1);
            *panics > 0
        };
        assert!(!is_panicking, "a defect of the sink");
        let events = events.iter().map(|event| (event.owner.to_string(), event.version.0));
        self.received.lock().unwrap().extend(events);
    }
}

#[tokio::test]
async fn a_slow_sink_delays_neither_calls_nor_other_sinks() {
    let (slow, quick) = (Slow::new(0, 0), Arc::new(Events::default()));
    let (_, service) = service();
    let service = service.events(slow.clone()).events(quick.clone()).build();
    for owner in ["alice", "bob", "carol", "dave"] {
        set_group(&service, &admin(), &[owner], r#""ex": "x""#).await.unwrap();
    }
    assert_eq!(quick.take().await.len(), 4, "the other sink has them all");
    assert_eq!(slow.received.lock().unwrap().len(), 0);
    slow.gate.add_permits(100);
    assert_eq!(service.close(LONG).await, 0);
    assert_eq!(slow.received.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_panicking_sink_fails_no_call_and_receives_later_events() {
    let sink = Slow::new(100, 2);
    let (_, service) = service();
    let service = service.events(sink.clone()).build();
    for min_seq in 1..=3 {
        let report = set_group(&service, &admin(), &["alice"], &format!(r#""minSeq": {min_seq}"#)).await.unwrap();
        assert_eq!(report.changed().count(), 1);
        tokio::task::yield_now().await;
    }
    assert_eq!(service.close(LONG).await, 0);
    let received = sink.received.lock().unwrap();
    assert_eq!(*received, [("alice".to_owned(), 2), ("alice".to_owned(), 3)], "the first one is lost");
}

#[tokio::test]
async fn a_full_queue_drops_new_events() {
    let sink = Slow::new(0, 0);
    let (_, service) = service();
    let service = service.events(sink.clone()).event_queue(2).build();
    set_group(&service, &admin(), &["alice"], r#""minSeq": 1"#).await.unwrap();
    // The sink has taken the first event out of the queue.
    tokio::task::yield_now().await;
    for min_seq in 2..=9 {
        set_group(&service, &admin(), &["alice"], &format!(r#""minSeq": {min_seq}"#)).await.unwrap();
    }
    sink.gate.add_permits(100);
    assert_eq!(service.close(LONG).await, 0);
    let versions: Vec<u64> = sink.received.lock().unwrap().iter().map(|(_, version)| *version).collect();
    assert_eq!(versions, [1, 2, 3], "the next event would show the gap by its version");
}

#[tokio::test]
async fn closing_drops_what_a_sink_does_not_receive_in_time() {
    let sink = Slow::new(0, 0);
    let (_, service) = service();
    let service = service.events(sink.clone()).build();
    set_group(&service, &admin(), &["alice", "bob"], r#""minSeq": 1"#).await.unwrap();
    assert_eq!(service.close(Duration::ZERO).await, 2);
    set_group(&service, &admin(), &["alice"], r#""minSeq": 2"#).await.unwrap();
    assert_eq!(service.close(LONG).await, 0, "closing twice is harmless");
    assert!(sink.received.lock().unwrap().is_empty());
}

/// Panics on every batch.
#[derive(Debug)]
struct Failing;

#[async_trait]
impl EventSink for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    async fn emit(&self, _: &[Event]) {
        panic!("a defect of the sink");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sinks_that_hang_or_panic_under_load_delay_nothing_but_their_own_queue() {
    const CALLERS: usize = 32;
    const CALLS: u64 = 25;
    let (hanging, right) = (Slow::new(0, 0), Slow::new(Semaphore::MAX_PERMITS, 0));
    let (_, service) = service();
    let service = service.events(hanging.clone()).events(Arc::new(Failing)).events(right.clone()).build();
    let mut calls = JoinSet::new();
    for caller in 0..CALLERS {
        let service = service.clone();
        calls.spawn(async move {
            // Two callers for each owner.
            let (owner, is_second) = (format!("user_{}", caller / 2), caller % 2 == 1);
            for call in 0..CALLS {
                let min_seq = call * 2 + u64::from(is_second);
                let settings =
                    if is_second { format!(r#""ex": "{min_seq}""#) } else { format!(r#""minSeq": {}"#, min_seq + 1) };
                set_group(&service, &admin(), &[&owner], &settings).await.unwrap();
            }
        });
    }
    // The hanging sink has received nothing: no call waits for it.
    calls.join_all().await;
    assert_eq!(hanging.received.lock().unwrap().len(), 0);
    let expected = CALLERS * usize::try_from(CALLS).unwrap();
    while right.received.lock().unwrap().len() < expected {
        tokio::task::yield_now().await;
    }
    let mut last = BTreeMap::new();
    for (owner, version) in right.received.lock().unwrap().iter() {
        assert_eq!(last.insert(owner.clone(), *version).unwrap_or(0) + 1, *version, "{owner}'s events come in order");
    }
    hanging.gate.add_permits(Semaphore::MAX_PERMITS);
    assert_eq!(service.close(LONG).await, 0);
    assert_eq!(hanging.received.lock().unwrap().len(), expected, "its queue kept all events");
}

/// A sink that waits until the service closes, and panics then if it should.
#[derive(Debug)]
struct Retrying {
    closing: Notify,
    panics: bool,
    received: AtomicUsize,
}

#[async_trait]
impl EventSink for Retrying {
    fn name(&self) -> &'static str {
        "retrying"
    }

    async fn emit(&self, events: &[Event]) {
        self.closing.notified().await;
        self.received.fetch_add(events.len(), Ordering::SeqCst);
    }

    fn closing(&self) {
        self.closing.notify_one();
        assert!(!self.panics, "a defect of the sink");
    }
}

#[tokio::test]
async fn ends_the_wait_of_each_sink_on_close_even_if_one_panics() {
    let sinks = [true, false]
        .map(|panics| Arc::new(Retrying { closing: Notify::new(), panics, received: AtomicUsize::new(0) }));
    let (_, service) = service();
    let service = sinks.iter().fold(service, |service, sink| service.events(sink.clone())).build();
    set_group(&service, &admin(), &["alice"], r#""ex": "x""#).await.unwrap();
    assert_eq!(service.close(Duration::from_secs(60)).await, 0);
    assert_eq!(sinks.map(|sink| sink.received.load(Ordering::SeqCst)), [1, 1]);
}
