use std::time::Duration;

use ::metrics::counter;

use crate::{StoreError, metrics};

/// How one attempt failed.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a retry must handle each")]
pub enum Attempt {
    /// Another attempt may succeed. After the last one, this error is returned.
    Again(StoreError),
    /// Another attempt is no use.
    Fail(StoreError),
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        Self::Fail(error)
    }
}

/// How often to try again after a conflict, and after which delays.
///
/// Delays double from `first` up to `longest`. Each is drawn evenly from its upper half, so that writers that met once
/// do not stay in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// The most attempts, the first included.
    pub attempts: u32,
    /// The delay after the first attempt.
    pub first: Duration,
    /// The longest delay.
    pub longest: Duration,
}

impl Default for Retry {
    /// As [`Retry::NEW`].
    fn default() -> Self {
        Self::NEW
    }
}

impl Retry {
    /// 12 attempts with delays from 2 ms up to 250 ms: about a second and a half at most.
    pub const NEW: Self = Self { attempts: 12, first: Duration::from_millis(2), longest: Duration::from_millis(250) };

    /// Sets the most attempts, the first included.
    #[must_use]
    pub const fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets the delay after the first attempt, and the longest delay.
    #[must_use]
    pub const fn delays(self, first: Duration, longest: Duration) -> Self {
        Self { first, longest, ..self }
    }

    /// The delay after attempt number `attempt`, counted from 1. `jitter` is drawn evenly from 0 up to 1.
    #[must_use]
    pub fn delay(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        doubled.min(self.longest).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// Runs `operation` until it succeeds, fails for good, or has no attempt left.
    ///
    /// `sleep` is the runtime's, and `jitter` is [`jitter`]; a test passes its own. Each further attempt is counted in
    /// [`metrics::RETRIES`].
    ///
    /// # Errors
    ///
    /// The error of the attempt that failed for good, or of the last one.
    pub async fn run<T, Slept, Tried>(
        &self,
        sleep: impl Fn(Duration) -> Slept,
        mut jitter: impl FnMut() -> f64,
        mut operation: impl FnMut() -> Tried,
    ) -> Result<T, StoreError>
    where
        Slept: Future<Output = ()>,
        Tried: Future<Output = Result<T, Attempt>>,
    {
        let mut attempt = 1;
        loop {
            match operation().await {
                Ok(value) => return Ok(value),
                Err(Attempt::Fail(error)) => return Err(error),
                Err(Attempt::Again(error)) if attempt >= self.attempts => return Err(error),
                Err(Attempt::Again(error)) => {
                    count(&error);
                    sleep(self.delay(attempt, jitter())).await;
                }
            }
            attempt += 1;
        }
    }
}

fn count(error: &StoreError) {
    counter!(metrics::RETRIES, "store" => error.store().unwrap_or_default(), "cause" => error.kind()).increment(1);
}

/// A random number, evenly from 0 up to 1.
#[must_use]
pub fn jitter() -> f64 {
    // Without randomness the delay is the shortest, which is right too.
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        future::ready,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn conflict() -> StoreError {
        StoreError::Conflict { store: "test", source: "another writer".into() }
    }

    /// Runs `operation`, and records the delays instead of sleeping.
    fn run<T>(retry: Retry, operation: impl FnMut() -> Result<T, Attempt>) -> (Result<T, StoreError>, Vec<Duration>) {
        let slept = RefCell::new(Vec::new());
        let mut operation = operation;
        let result = {
            let sleep = |delay| {
                slept.borrow_mut().push(delay);
                ready(())
            };
            let running = pin!(retry.run(sleep, || 1.0, || ready(operation())));
            match running.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("no future here is ever pending"),
            }
        };
        (result, slept.into_inner())
    }

    #[test]
    fn tries_once_what_succeeds() {
        let (result, slept) = run(Retry::default(), || Ok(7));
        assert_eq!(result.unwrap(), 7);
        assert_eq!(slept, []);
    }

    #[test]
    fn tries_a_conflict_again_until_it_succeeds() {
        let left = Cell::new(3);
        let (result, slept) = run(Retry::default(), || match left.replace(left.get() - 1) {
            0 => Ok(()),
            _ => Err(Attempt::Again(conflict())),
        });
        assert!(result.is_ok());
        assert_eq!(slept, [2, 4, 8].map(Duration::from_millis));
    }

    #[test]
    fn returns_the_last_error_after_the_last_attempt() {
        let tried = Cell::new(0);
        let (result, slept) = run(Retry::NEW.attempts(5), || {
            tried.set(tried.get() + 1);
            Err::<(), _>(Attempt::Again(conflict()))
        });
        assert!(matches!(result, Err(StoreError::Conflict { .. })));
        assert_eq!((tried.get(), slept.len()), (5, 4));
    }

    #[test]
    fn does_not_try_again_what_fails_for_good() {
        let other = || StoreError::Other { store: "test", source: "no".into() };
        let (result, slept) = run(Retry::default(), || Err::<(), _>(other().into()));
        assert!(matches!(result, Err(StoreError::Other { .. })));
        assert_eq!(slept, []);
    }

    #[test]
    fn doubles_delays_up_to_the_longest_and_halves_them_by_jitter_at_most() {
        let retry = Retry::default();
        assert_eq!(retry.delay(1, 0.0), Duration::from_millis(1));
        assert_eq!(retry.delay(1, 1.0), Duration::from_millis(2));
        assert_eq!(retry.delay(100, 1.0), Duration::from_millis(250));
        assert_eq!(retry.delay(u32::MAX, 0.0), Duration::from_millis(125));
    }

    #[test]
    fn draws_jitter_from_the_whole_range() {
        let drawn: Vec<_> = (0..1_000).map(|_| jitter()).collect();
        assert!(drawn.iter().all(|jitter| (0.0..=1.0).contains(jitter)));
        assert!(drawn.iter().any(|jitter| *jitter < 0.1) && drawn.iter().any(|jitter| *jitter > 0.9));
    }
}
