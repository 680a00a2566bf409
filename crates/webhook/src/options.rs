//! How a webhook sends.

use std::time::Duration;

use conversation_settings_http_client::Authorities;

use crate::SigningKey;

/// How a [`Webhook`](crate::Webhook) sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct WebhookOptions {
    pub(crate) timeout: Duration,
    pub(crate) attempts: Option<u32>,
    pub(crate) give_up_after: Option<Duration>,
    pub(crate) first_delay: Duration,
    pub(crate) longest_delay: Duration,
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) authorities: Authorities,
}

impl Default for WebhookOptions {
    /// 5 seconds for a request, attempts without end with delays from 250 ms to 30 s, no signature, and the system's authorities.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            attempts: None,
            give_up_after: None,
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(30),
            keys: Vec::new(),
            authorities: Authorities::default(),
        }
    }
}

impl WebhookOptions {
    /// Limits a request to `timeout`, response included.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a request at most `attempts` times; 0 means once. By default there is no limit.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Gives a request up if its next attempt would begin later than `after` the first one; zero means one attempt. By
    /// default the webhook never gives up: events wait until the queue is full.
    pub const fn give_up_after(mut self, after: Duration) -> Self {
        self.give_up_after = Some(after);
        self
    }

    /// Waits `first` after the first failed attempt, and then twice as long each time, up to `longest`. Each wait is
    /// shortened at random, by half at most, so that several servers do not retry in step.
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

    /// Accepts an `https` receiver with a certificate from one of these authorities, beside the system's.
    pub fn trust(mut self, authorities: Authorities) -> Self {
        self.authorities = authorities;
        self
    }

    /// Whether no attempt may follow number `attempt`, counted from 1, that would begin `elapsed` after the first.
    pub(crate) fn gives_up(&self, attempt: u32, elapsed: Duration) -> bool {
        self.attempts.is_some_and(|attempts| attempt >= attempts)
            || self.give_up_after.is_some_and(|after| elapsed > after)
    }

    /// The longest delay after the failed attempt number `attempt`, counted from 1.
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
        let delays = [1, 2, 3, 6, 7, 8, u32::MAX].map(|attempt| options.delay_after(attempt).as_millis());
        assert_eq!(delays, [250, 500, 1_000, 8_000, 16_000, 30_000, 30_000]);
    }
}
