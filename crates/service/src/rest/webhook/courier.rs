//! The task that sends.

use std::{sync::Arc, time::Instant};

use conversation_settings_store::Retry;
use metrics::histogram;
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};
use tokio::{sync::mpsc, time::sleep};
use tracing::{debug, warn};

use super::Shared;
use crate::{
    Event,
    metrics::WEBHOOK_REQUEST_SECONDS,
    rest::{plain, read},
};

/// The most events in a request: a body of some 20 KiB, which any receiver takes.
const AT_ONCE: usize = 100;

/// How much of an answer is read.
const MAX_ANSWER: usize = 64 * 1024;

pub(super) struct Courier {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) retry: Retry,
    pub(super) shared: Arc<Shared>,
}

/// The body of a request.
#[derive(serde::Serialize)]
struct Body<'a> {
    events: &'a [Event],
}

/// Why events were not taken.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    /// They never will be.
    #[error("the receiver answered {0}")]
    Refused(StatusCode),
    /// They may be later.
    #[error("the receiver answered {0}")]
    Status(StatusCode),
    /// They may be later.
    #[error("{0}")]
    Unreachable(String),
}

impl Courier {
    /// Sends what comes, until nothing more can.
    pub(super) async fn work(self, mut events: mpsc::Receiver<Event>) {
        let mut together = Vec::with_capacity(AT_ONCE);
        while events.recv_many(&mut together, AT_ONCE).await > 0 {
            if events.len() <= events.max_capacity() / 2 {
                self.shared.relieved();
            }
            match self.deliver(&together).await {
                Ok(()) => self.shared.settled(together.len()),
                Err(error) => {
                    self.shared.dropped(error.result(), together.len());
                    warn!(events = together.len(), %error, "events were dropped: the webhook's receiver did not take them");
                }
            }
            together.clear();
        }
        self.shared.relieved();
    }

    async fn deliver(&self, events: &[Event]) -> Result<(), Undelivered> {
        let body = serde_json::to_vec(&Body { events }).expect("events are JSON");
        let mut attempt = 1;
        loop {
            let began = Instant::now();
            let answer = self.post(body.clone()).await;
            let result = answer.as_ref().map_or_else(Undelivered::result, |()| "delivered");
            histogram!(WEBHOOK_REQUEST_SECONDS, "result" => result).record(began.elapsed());
            match answer {
                Err(error) if !matches!(error, Undelivered::Refused(_)) && attempt < self.retry.attempts => {
                    debug!(attempt, %error, "the webhook's receiver is asked again");
                    // There is one courier to a receiver: nobody to get out of step with.
                    sleep(self.retry.delay(attempt, 1.0)).await;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn post(&self, body: Vec<u8>) -> Result<(), Undelivered> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| Undelivered::Unreachable(plain(error)))?;
        let status = answer.status();
        // What else it says does not matter; but a connection is used again only where the answer was read to its end.
        drop(read(answer, MAX_ANSWER).await);
        match status {
            status if status.is_success() => Ok(()),
            status @ (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS) => {
                Err(Undelivered::Status(status))
            }
            status if status.is_client_error() => Err(Undelivered::Refused(status)),
            status => Err(Undelivered::Status(status)),
        }
    }
}

impl Undelivered {
    /// Its name in metrics.
    const fn result(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Status(_) | Self::Unreachable(_) => "failed",
        }
    }
}
