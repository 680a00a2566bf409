//! The time limit of a call.

use std::{future::Future, time::Duration};

use conversation_settings_openim::Code;
use tokio::time::{Instant, timeout_at};

use crate::ApiError;

/// Used if the limit is too long to be added to the time now: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a body is drained if the host limits the time of calls: the host sees such a call as ended.
const LONGEST_DRAIN: Duration = Duration::from_secs(60);

/// The moment by which a call must be done.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    limit: Duration,
    end: Instant,
}

impl Deadline {
    pub(crate) fn after(began: Instant, limit: Duration) -> Self {
        Self { limit, end: began.checked_add(limit).unwrap_or_else(|| began + LONGEST) }
    }

    /// Runs `work` until the deadline. Being late is the server's fault.
    pub(crate) async fn run<T>(self, work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let late = |_| Err(ApiError::internal(format!("not done within {:?}", self.limit)));
        timeout_at(self.end, work).await.unwrap_or_else(late)
    }

    /// Reads a body until the deadline. Being late is the caller's fault.
    pub(crate) async fn read_body<T>(self, reading: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let late = |_| Err(ApiError::new(Code::Args, format!("body: must arrive within {:?}", self.limit)));
        timeout_at(self.end, reading).await.unwrap_or_else(late)
    }

    /// Drains a body until the deadline. Being late is no error.
    pub(crate) async fn drain(self, draining: impl Future<Output = ()>) {
        let _ = timeout_at(self.end.min(Instant::now() + LONGEST_DRAIN), draining).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn drains_no_body_for_ever_without_a_limit() {
        let began = Instant::now();
        Deadline::after(began, Duration::MAX).drain(pending()).await;
        assert_eq!(began.elapsed().as_secs(), LONGEST_DRAIN.as_secs());
        Deadline::after(Instant::now(), Duration::from_secs(1)).drain(pending()).await;
        assert_eq!(began.elapsed().as_secs(), LONGEST_DRAIN.as_secs() + 1, "a shorter limit holds");
    }
}
