//! Trying again, bounded, with jitter.

use std::time::Duration;

use crate::{StoreError, metrics};

/// How one attempt failed.
#[derive(Debug)]
pub enum Attempt {
    /// Another may succeed; the error to answer with once there are no more.
    Again(StoreError),
    /// It is no use trying again.
    Fail(StoreError),
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        Self::Fail(error)
    }
}

/// How often and how long to try again after a conflict: delays grow from `first` by doubling up to `longest`, each
/// drawn evenly from between half of that and all of it, so that writers in each other's way do not stay in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The most attempts, the first included.
    pub attempts: u32,
    /// The delay after the first attempt.
    pub first: Duration,
    /// The longest delay.
    pub longest: Duration,
}

impl Default for Retry {
    /// 12 attempts with delays from 2 ms up to 250 ms: about a second and a half at most.
    fn default() -> Self {
        Self { attempts: 12, first: Duration::from_millis(2), longest: Duration::from_millis(250) }
    }
}

impl Retry {
    /// The delay after attempt number `attempt`, counted from 1, where `jitter` is evenly from 0 up to 1.
    #[must_use]
    pub fn delay(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        doubled.min(self.longest).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// Runs `operation` until it succeeds, fails for good, or has been tried often enough. `sleep` waits, `jitter` is
    /// drawn evenly from 0 up to 1: the adapter brings both, so that tests can bring their own. What is tried again is
    /// counted in [`metrics::RETRIES`].
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
                    metrics::count_retry(&error);
                    sleep(self.delay(attempt, jitter())).await;
                }
            }
            attempt += 1;
        }
    }
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
        StoreError::Conflict { store: "test", source: "in the way".into() }
    }

    /// Runs `operation` with delays that are noted instead of slept.
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
                Poll::Pending => panic!("nothing here waits"),
            }
        };
        (result, slept.into_inner())
    }

    #[test]
    fn what_succeeds_at_once_is_tried_once() {
        let (result, slept) = run(Retry::default(), || Ok(7));
        assert_eq!(result.unwrap(), 7);
        assert_eq!(slept, []);
    }

    #[test]
    fn a_conflict_is_tried_again_until_it_succeeds() {
        let left = Cell::new(3);
        let (result, slept) = run(Retry::default(), || match left.replace(left.get() - 1) {
            0 => Ok(()),
            _ => Err(Attempt::Again(conflict())),
        });
        assert!(result.is_ok());
        assert_eq!(slept, [2, 4, 8].map(Duration::from_millis));
    }

    #[test]
    fn attempts_are_bounded_and_the_last_error_is_answered() {
        let tried = Cell::new(0);
        let (result, slept) = run(Retry { attempts: 5, ..Retry::default() }, || {
            tried.set(tried.get() + 1);
            Err::<(), _>(Attempt::Again(conflict()))
        });
        assert!(matches!(result, Err(StoreError::Conflict { .. })));
        assert_eq!((tried.get(), slept.len()), (5, 4));
    }

    #[test]
    fn what_fails_for_good_is_not_tried_again() {
        let other = || StoreError::Other { store: "test", source: "no".into() };
        let (result, slept) = run(Retry::default(), || Err::<(), _>(other().into()));
        assert!(matches!(result, Err(StoreError::Other { .. })));
        assert_eq!(slept, []);
    }

    #[test]
    fn delays_double_up_to_the_longest_and_jitter_halves_them_at_most() {
        let retry = Retry::default();
        assert_eq!(retry.delay(1, 0.0), Duration::from_millis(1));
        assert_eq!(retry.delay(1, 1.0), Duration::from_millis(2));
        assert_eq!(retry.delay(100, 1.0), Duration::from_millis(250));
        assert_eq!(retry.delay(u32::MAX, 0.0), Duration::from_millis(125));
    }
}
