//! How a webhook sends.

use std::time::Duration;

use crate::SigningKey;

/// How a [`Webhook`](crate::Webhook) sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct WebhookOptions {
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) first_delay: Duration,
    pub(crate) longest_delay: Duration,
    pub(crate) keys: Vec<SigningKey>,
}

impl Default for WebhookOptions {
    /// 5 seconds for a request, 6 attempts with delays from 250 ms to 10 s, and no signature.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            attempts: 6,
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(10),
            keys: Vec::new(),
        }
    }
}

impl WebhookOptions {
    /// Limits a request to `timeout`, response included.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a request at most `attempts` times; 0 means once.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Waits `first` after the first failed attempt, and then twice as long each time, up to `longest`.
    pub const fn delays(mut self, first: Duration, longest: Duration) -> Self {
        self.first_delay = first;
        self.longest_delay = longest;
        self
    }

    /// Signs each request with `key`, so that the receiver can verify the sender. Several keys sign each request once each:
    /// while a key is replaced, the receiver accepts the old one or the new one.
    pub fn sign_with(mut self, key: SigningKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The delay after the failed attempt number `attempt`, counted from 1. It has no jitter: a webhook sends one
    /// request at a time, so nothing else retries in step with it.
    pub(crate) fn delay_after(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        self.first_delay.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_delays_up_to_the_longest() {
        let options = WebhookOptions::default();
        let delays = [1, 2, 3, 6, 7, u32::MAX].map(|attempt| options.delay_after(attempt).as_millis());
        assert_eq!(delays, [250, 500, 1_000, 8_000, 10_000, 10_000]);
    }
}
