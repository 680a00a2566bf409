//! The event sink.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use conversation_settings_http_client::{ClientError, HttpClient};
use conversation_settings_service::{Event, EventSink};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
    time::timeout,
};
use tracing::warn;

use crate::{WebhookOptions, delivery::Sender, metrics, queue::QueueState};

/// Posts events to a URL as `{"events":[…]}`, up to 100 per request.
///
/// Calls do not wait for it. Events wait in a bounded queue; when it is full, new events are dropped, counted
/// ([`EVENTS_DROPPED`](metrics::EVENTS_DROPPED)) and logged. One request runs at a time, so an owner's events arrive in the
/// order of the owner's versions.
///
/// | response | events of the request |
/// |---|---|
/// | 2xx | delivered |
/// | 4xx except 408, 425 and 429 | dropped |
/// | any other, or none in time | sent again after a growing delay; dropped after the last attempt |
///
/// An event arrives twice if a response was lost. Owner, conversation, version and kind identify an event.
///
/// Call [`close`](Self::close) before the process ends, to send the events that wait.
pub struct Webhook {
    /// Dropping the sender ends the delivery task once the queue is empty.
    queue: Mutex<Option<mpsc::Sender<Event>>>,
    delivery: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    state: Arc<QueueState>,
}

impl Webhook {
    /// Starts sending to `url`, on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the URL is not one of HTTP or TLS cannot be set up.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn start(url: &str, options: &WebhookOptions) -> Result<Self, ClientError> {
        let client = HttpClient::new(url, options.timeout)?;
        metrics::describe();
        let state = Arc::new(QueueState::new());
        let (queue, events) = mpsc::channel(options.queue);
        let sender = Sender { client, options: options.clone(), state: state.clone() };
        let delivery = tokio::spawn(sender.run(events));
        Ok(Self { queue: Mutex::new(Some(queue)), delivery: Some(delivery).into(), state })
    }

    /// Accepts no more events and sends those that wait, for at most `within`.
    ///
    /// Returns how many events are left and dropped. Those of an unfinished request may have arrived.
    pub async fn close(&self, within: Duration) -> usize {
        drop(self.queue().take());
        let mut delivery = self.delivery.lock().await;
        if let Some(task) = delivery.as_mut()
            && timeout(within, &mut *task).await.is_err()
        {
            task.abort();
            // Joined, so that the task counts nothing after this.
            drop(task.await);
        }
        *delivery = None;
        let left = self.state.waiting();
        if left > 0 {
            self.state.dropped("closed", left);
            warn!(events = left, "the webhook was closed before it sent all events: events were dropped");
        }
        left
    }

    fn queue(&self) -> MutexGuard<'_, Option<mpsc::Sender<Event>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Webhook {
    fn emit(&self, event: Event) {
        self.state.add();
        match self.queue().as_ref().map(|queue| queue.try_send(event)) {
            Some(Ok(())) => (),
            Some(Err(TrySendError::Full(_))) => self.state.overflow(),
            // The webhook is closed, or its runtime has ended.
            Some(Err(TrySendError::Closed(_))) | None => self.state.dropped("closed", 1),
        }
    }
}

impl fmt::Debug for Webhook {
    /// Omits the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("waiting", &self.state.waiting()).finish_non_exhaustive()
    }
}
