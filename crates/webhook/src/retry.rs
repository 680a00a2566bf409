//! Attempts until the receiver accepts a request.

use ::metrics::{Gauge, gauge};
use tokio::{
    sync::Notify,
    time::{Duration, Instant, timeout},
};

use crate::{WebhookOptions, delivery::DeliveryError, metrics::WEBHOOK_WAITING_SECONDS, outage::Outage};

/// Calls `attempt` until it succeeds, the receiver refuses the events or `options` give up. A notice from `closing` ends a
/// wait, and later waits begin short again: little time is left, and the receiver may be back.
pub(crate) async fn retry<F>(
    options: &WebhookOptions,
    outage: &Outage,
    closing: &Notify,
    mut attempt: impl FnMut() -> F,
) -> Result<(), DeliveryError>
where
    F: Future<Output = Result<(), DeliveryError>>,
{
    let (began, waiting) = (Instant::now(), Waiting::begin());
    let (mut attempts, mut doublings) = (0_u32, 0_u32);
    loop {
        let result = attempt().await;
        let error = match result {
            Err(error) if error.is_retryable() => error,
            judged => {
                outage.ended();
                return judged;
            }
        };
        outage.failed(&error);
        waiting.set(began.elapsed());
        attempts = attempts.saturating_add(1);
        doublings = doublings.saturating_add(1);
        let delay = jittered(options.delay_after(doublings), random());
        if options.gives_up(attempts, began.elapsed().saturating_add(delay)) {
            return Err(error);
        }
        if timeout(delay, closing.notified()).await.is_ok() {
            doublings = 0;
        }
    }
}

/// How long the request waits, as a metric. It is 0 again when the request ends, even by a stop.
struct Waiting(Gauge);

impl Waiting {
    fn begin() -> Self {
        let waiting = Self(gauge!(WEBHOOK_WAITING_SECONDS));
        waiting.set(Duration::ZERO);
        waiting
    }

    fn set(&self, time: Duration) {
        self.0.set(time.as_secs_f64());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.set(Duration::ZERO);
    }
}

/// Between half of `delay` and all of it.
fn jittered(delay: Duration, random: u32) -> Duration {
    let half = delay / 2;
    half.saturating_add(half.mul_f64(f64::from(random) / f64::from(u32::MAX)))
}

/// The longest delay if the system has no random numbers.
fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
