//! The task that sends events.

use std::{sync::Arc, time::Instant};

use conversation_settings_http_client::{HttpClient, RequestError, StatusCode, header::HeaderMap};
use conversation_settings_service::Event;
use metrics::histogram;
use tokio::{sync::mpsc, time::sleep};
use tracing::{debug, warn};

use crate::{WebhookOptions, body::body, metrics::WEBHOOK_REQUEST_SECONDS, queue::QueueState};

/// The most events in a request: a body of about 20 KiB, which any receiver accepts.
const MAX_EVENTS: usize = 100;

/// The most bytes of a response that are read. An unread response closes its connection.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

pub(crate) struct Sender {
    pub(crate) client: HttpClient,
    pub(crate) options: WebhookOptions,
    pub(crate) state: Arc<QueueState>,
}

/// The receiver did not accept the events.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    /// It never will.
    #[error("the receiver responded with {0}")]
    Refused(StatusCode),
    /// It may later.
    #[error("the receiver responded with {0}")]
    Status(StatusCode),
    /// It may later.
    #[error(transparent)]
    Unreachable(#[from] RequestError),
}

impl Sender {
    /// Sends events until the queue is closed and empty.
    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Event>) {
        let mut events = Vec::with_capacity(MAX_EVENTS);
        while queue.recv_many(&mut events, MAX_EVENTS).await > 0 {
            if queue.len() <= queue.max_capacity() / 2 {
                self.state.recover();
            }
            match self.deliver(&events).await {
                Ok(()) => self.state.remove(events.len()),
                Err(error) => {
                    self.state.dropped(error.result(), events.len());
                    warn!(events = events.len(), %error, "the webhook's receiver did not accept events: events were dropped");
                }
            }
            events.clear();
        }
        self.state.recover();
    }

    async fn deliver(&self, events: &[Event]) -> Result<(), DeliveryError> {
        let body = body(events);
        let mut attempt = 1;
        loop {
            let began = Instant::now();
            let delivered = self.post(body.clone()).await;
            let result = delivered.as_ref().map_or_else(DeliveryError::result, |()| "delivered");
            histogram!(WEBHOOK_REQUEST_SECONDS, "result" => result).record(began.elapsed());
            match delivered {
                Err(error) if error.is_retryable() && attempt < self.options.attempts => {
                    debug!(attempt, %error, "retrying a request to the webhook's receiver");
                    sleep(self.options.delay_after(attempt)).await;
                    attempt += 1;
                }
                delivered => return delivered,
            }
        }
    }

    async fn post(&self, body: Vec<u8>) -> Result<(), DeliveryError> {
        let response = self.client.post(HeaderMap::new(), body).await?;
        let status = response.status();
        // The status says everything. The body is read so that the connection can be reused.
        drop(response.read(MAX_RESPONSE_BYTES).await);
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(DeliveryError::Status(status))
            }
            status if status.is_client_error() => Err(DeliveryError::Refused(status)),
            status => Err(DeliveryError::Status(status)),
        }
    }
}

impl DeliveryError {
    const fn is_retryable(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Unreachable(_))
    }

    /// The value of the label `result` or `reason`.
    const fn result(&self) -> &'static str {
        if self.is_retryable() { "failed" } else { "refused" }
    }
}
