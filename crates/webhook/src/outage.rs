//! A time in which the receiver accepts nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::delivery::DeliveryError;

/// Counts the failed attempts since the receiver last judged a request. The log has one line when an outage begins and one
/// when it ends, however many attempts and requests lie between them.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<Option<Failures>>);

#[derive(Debug)]
struct Failures {
    began: Instant,
    attempts: u64,
    dropped: usize,
}

impl Outage {
    /// An attempt failed. The second in succession is logged: one lost connection is not worth a line.
    pub(crate) fn failed(&self, error: &DeliveryError) {
        let mut failures = self.failures();
        let failures = failures.get_or_insert_with(Failures::begin);
        failures.attempts += 1;
        if failures.attempts == 2 {
            warn!(%error, "the webhook's receiver accepts no events: the webhook keeps trying");
        } else {
            debug!(attempts = failures.attempts, %error, "the webhook's receiver did not accept a request");
        }
    }

    /// The webhook dropped `events` after their last attempt. Only the first such loss of an outage is logged.
    pub(crate) fn gave_up(&self, events: usize, error: &DeliveryError) {
        let mut failures = self.failures();
        let failures = failures.get_or_insert_with(Failures::begin);
        if failures.dropped == 0 {
            warn!(events, %error, "the webhook gave up on events: events were dropped");
        }
        failures.dropped += events;
    }

    /// The receiver judged a request.
    pub(crate) fn ended(&self) {
        if let Some(Failures { began, attempts, dropped }) = self.failures().take()
            && (attempts > 1 || dropped > 0)
        {
            let seconds = began.elapsed().as_secs();
            info!(seconds, attempts, dropped, "the webhook's receiver responds again");
        }
    }

    fn failures(&self) -> MutexGuard<'_, Option<Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn begin() -> Self {
        Self { began: Instant::now(), attempts: 0, dropped: 0 }
    }
}
