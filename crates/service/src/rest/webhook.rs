//! Events sent to a URL.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use conversation_settings_store::Retry;
use metrics::{Gauge, counter, gauge};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
    time::timeout,
};
use tracing::warn;

use super::{RestError, client, parse};
use crate::{
    Event, EventSink,
    metrics::{EVENTS_DROPPED, WEBHOOK_QUEUE_DEPTH, describe_webhook},
};

mod courier;

use courier::Courier;

/// Sends events to a URL, by POST, as `{"events":[…]}`: as many as wait, up to 100, in one request.
///
/// No call waits for it. Events wait in a bounded queue, and those that find it full are dropped, counted
/// ([`EVENTS_DROPPED`]) and logged. One request is under way at a time, so what comes of one owner arrives in the order of
/// the owner's versions. An answer of 2xx means that the events were taken, and one of 4xx that they never will be,
/// whereupon they are dropped, unless it is 408, 425 or 429; after those, any other status, no answer in time or none at
/// all they are sent again, with growing delays, and dropped only after the last attempt. So events may come twice,
/// where an answer was lost: the receiver knows one by owner, conversation, version and kind.
///
/// Before the process ends, [`close`](Self::close) sends what waits.
pub struct Webhook {
    /// Without its sender the queue ends when it is empty, and the courier with it.
    queue: Mutex<Option<mpsc::Sender<Event>>>,
    courier: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// How a [`Webhook`] sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookOptions {
    /// How long a request may take, from its beginning to the end of the answer.
    pub timeout: Duration,
    /// How many events may wait.
    pub queue: usize,
    /// How often a request is made and how long to wait in between.
    pub retry: Retry,
}

impl Default for WebhookOptions {
    /// 5 seconds a request, 100,000 events, and 6 attempts with delays from 250 ms up to 10 s.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            queue: 100_000,
            retry: Retry { attempts: 6, first: Duration::from_millis(250), longest: Duration::from_secs(10) },
        }
    }
}

/// What the webhook and its courier both count.
struct Shared {
    /// Events taken and neither delivered nor dropped.
    waiting: AtomicUsize,
    /// Events that found the queue full and have not been told of in the log.
    overflown: AtomicU64,
    depth: Gauge,
}

impl Webhook {
    /// Begins to send to `url`, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// [`RestError`] where the URL is none or no request can be made.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, and where the queue has no room for one event.
    pub fn start(url: &str, options: &WebhookOptions) -> Result<Self, RestError> {
        let url = parse(url)?;
        let client = client(&url, options.timeout)?;
        describe_webhook();
        let shared = Arc::new(Shared {
            waiting: AtomicUsize::new(0),
            overflown: AtomicU64::new(0),
            depth: gauge!(WEBHOOK_QUEUE_DEPTH),
        });
        let (queue, events) = mpsc::channel(options.queue);
        let courier = Courier { client, url, retry: options.retry, shared: shared.clone() };
        let courier = tokio::spawn(courier.work(events));
        Ok(Self { queue: Mutex::new(Some(queue)), courier: Some(courier).into(), shared })
    }

    /// Takes no more events, and sends those that wait, for no longer than `within`. How many were left then, and were
    /// dropped; those of a request that was under way may have arrived.
    pub async fn close(&self, within: Duration) -> usize {
        drop(self.queue().take());
        let mut courier = self.courier.lock().await;
        if let Some(running) = courier.as_mut()
            && timeout(within, &mut *running).await.is_err()
        {
            running.abort();
            // It has ended, and counts nothing any more.
            drop(running.await);
        }
        *courier = None;
        let left = self.shared.waiting.load(Ordering::SeqCst);
        if left > 0 {
            self.shared.dropped("closed", left);
            warn!(events = left, "events were dropped: the webhook was closed before its receiver took them");
        }
        left
    }

    fn queue(&self) -> MutexGuard<'_, Option<mpsc::Sender<Event>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Webhook {
    fn emit(&self, event: Event) {
        self.shared.took(1);
        match self.queue().as_ref().map(|queue| queue.try_send(event)) {
            Some(Ok(())) => (),
            Some(Err(TrySendError::Full(_))) => self.shared.overflow(),
            // Closed, or the runtime has ended.
            Some(Err(TrySendError::Closed(_))) | None => self.shared.dropped("closed", 1),
        }
    }
}

impl Shared {
    fn took(&self, events: usize) {
        self.waiting.fetch_add(events, Ordering::SeqCst);
        self.depth.increment(as_f64(events));
    }

    fn settled(&self, events: usize) {
        self.waiting.fetch_sub(events, Ordering::SeqCst);
        self.depth.decrement(as_f64(events));
    }

    fn dropped(&self, reason: &'static str, events: usize) {
        self.settled(events);
        counter!(EVENTS_DROPPED, "sink" => "webhook", "reason" => reason).increment(events as u64);
    }

    /// An event found the queue full. The first is told of in the log at once, those that follow when there is room
    /// again, so that the log does not overflow where the queue does.
    fn overflow(&self) {
        self.dropped("queue_full", 1);
        if self.overflown.fetch_add(1, Ordering::SeqCst) == 0 {
            warn!("events are dropped: the webhook's queue is full");
        }
    }

    /// There is room again.
    fn relieved(&self) {
        let events = self.overflown.swap(0, Ordering::SeqCst);
        if events > 0 {
            warn!(events, "events were dropped: the webhook's queue was full");
        }
    }
}

fn as_f64(events: usize) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX))
}

impl fmt::Debug for Webhook {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("waiting", &self.shared.waiting).finish_non_exhaustive()
    }
}
