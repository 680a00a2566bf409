//! The event sink.

use std::{fmt, time::Instant};

use ::metrics::{counter, histogram};
use async_trait::async_trait;
use conversation_settings_http_client::{ClientError, HttpClient};
use conversation_settings_service::{Clock, Event, EventSink, SystemClock};
use tokio::sync::Notify;
use tracing::warn;

use crate::{
    WebhookOptions,
    body::body,
    delivery::{DeliveryError, post},
    message::Message,
    metrics::{self, EVENTS_DROPPED, WEBHOOK_REQUEST_SECONDS},
    outage::Outage,
    retry::retry,
};

/// Posts events to a URL as `{"events":[…]}`, up to 100 per request.
///
/// Events wait in the queue that the service has for each sink. One request runs at a time, so an owner's events arrive in
/// the order of the owner's versions. Dropped events are counted in [`EVENTS_DROPPED`] and logged.
///
/// | response | events of the request |
/// |---|---|
/// | 2xx | delivered |
/// | 400, 409, 410, 413, 422 | dropped: the receiver judged these events |
/// | any other, or none in time | sent again after a growing delay, until the receiver accepts them |
///
/// Meanwhile later events wait in the queue; a full queue drops new events. [`WebhookOptions::give_up_after`] limits the
/// attempts. The log has a line when such an outage begins and when it ends.
///
/// An event arrives twice if a response was lost. Owner, conversation, version and kind identify an event.
///
/// Each request has the headers of [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id`, the same for every
/// attempt, `webhook-timestamp`, and `webhook-signature` if [`WebhookOptions::sign_with`] sets a key.
///
/// Call [`Service::close`](conversation_settings_service::Service::close) before the process ends, to send the events that
/// wait. It ends the attempts at its deadline. A service that is dropped without it leaves the attempts running until the
/// receiver accepts the events or the runtime ends.
pub struct Webhook {
    client: HttpClient,
    options: WebhookOptions,
    outage: Outage,
    closing: Notify,
}

impl Webhook {
    /// A webhook that posts to `url`. Nothing connects before the first event.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the URL is not one of HTTP or TLS cannot be set up.
    pub fn new(url: &str, options: &WebhookOptions) -> Result<Self, ClientError> {
        let client = HttpClient::trusting(url, options.timeout, &options.authorities)?;
        metrics::describe();
        Ok(Self { client, options: options.clone(), outage: Outage::default(), closing: Notify::new() })
    }

    async fn deliver(&self, events: &[Event]) -> Result<(), DeliveryError> {
        let message = Message::new(body(events), random()?);
        retry(&self.options, &self.outage, &self.closing, || self.attempt(&message)).await
    }

    async fn attempt(&self, message: &Message) -> Result<(), DeliveryError> {
        let began = Instant::now();
        // A receiver rejects a request whose time is long ago, so each attempt has its own.
        let now = SystemClock.now().0.div_euclid(1_000);
        let headers = message.headers(now, &self.options.keys);
        let delivered = post(&self.client, headers, message.body.clone()).await;
        let result = delivered.as_ref().map_or_else(DeliveryError::result, |()| "delivered");
        histogram!(WEBHOOK_REQUEST_SECONDS, "result" => result).record(began.elapsed());
        delivered
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
            if error.is_retryable() {
                self.outage.gave_up(events.len(), &error);
            } else {
                warn!(events = events.len(), %error, "the webhook's receiver refused events: events were dropped");
            }
        }
    }

    fn closing(&self) {
        self.closing.notify_one();
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
