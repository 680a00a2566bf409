//! The event sink.

use std::{fmt, time::Instant};

use ::metrics::{counter, histogram};
use async_trait::async_trait;
use conversation_settings_http_client::{ClientError, HttpClient};
use conversation_settings_service::{Clock, Event, EventSink, SystemClock};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::{
    WebhookOptions,
    body::body,
    delivery::{DeliveryError, post},
    message::Message,
    metrics::{self, EVENTS_DROPPED, WEBHOOK_REQUEST_SECONDS},
};

/// Posts events to a URL as `{"events":[…]}`, up to 100 per request.
///
/// Events wait in the queue that the service has for each sink. One request runs at a time, so an owner's events arrive in
/// the order of the owner's versions. Dropped events are counted in [`EVENTS_DROPPED`] and logged.
///
/// | response | events of the request |
/// |---|---|
/// | 2xx | delivered |
/// | 4xx except 408, 425 and 429 | dropped |
/// | any other, or none in time | sent again after a growing delay; dropped after the last attempt |
///
/// An event arrives twice if a response was lost. Owner, conversation, version and kind identify an event.
///
/// Each request has the headers of [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id`, the same for every
/// attempt, `webhook-timestamp`, and `webhook-signature` if [`WebhookOptions::sign_with`] sets a key.
///
/// Call [`Service::close`](conversation_settings_service::Service::close) before the process ends, to send the events that
/// wait.
pub struct Webhook {
    client: HttpClient,
    options: WebhookOptions,
}

impl Webhook {
    /// A webhook that posts to `url`. Nothing connects before the first event.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the URL is not one of HTTP or TLS cannot be set up.
    pub fn new(url: &str, options: &WebhookOptions) -> Result<Self, ClientError> {
        let client = HttpClient::new(url, options.timeout)?;
        metrics::describe();
        Ok(Self { client, options: options.clone() })
    }

    async fn deliver(&self, events: &[Event]) -> Result<(), DeliveryError> {
        let message = Message::new(body(events), random()?);
        let mut attempt = 1;
        loop {
            let began = Instant::now();
            // A receiver rejects a request whose time is long ago, so each attempt has its own.
            let now = SystemClock.now().0.div_euclid(1_000);
            let headers = message.headers(now, &self.options.keys);
            let delivered = post(&self.client, headers, message.body.clone()).await;
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
}

#[async_trait]
impl EventSink for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn emit(&self, events: &[Event]) {
        if let Err(error) = self.deliver(events).await {
            counter!(EVENTS_DROPPED, "sink" => self.name(), "reason" => error.result()).increment(events.len() as u64);
            warn!(events = events.len(), %error, "the webhook's receiver did not accept events: events were dropped");
        }
    }
}

fn random() -> Result<u128, DeliveryError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

impl fmt::Debug for Webhook {
    /// Omits the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("options", &self.options).finish_non_exhaustive()
    }
}
