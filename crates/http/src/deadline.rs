//! How long a call may take.

use std::{future::Future, time::Duration};

use conversation_settings_openim::Code;
use tokio::time::{Instant, timeout_at};

use crate::ApiError;

/// Longer than anybody waits, where the limit is so long that there is no such moment.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// The moment until which a call has to be answered.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    limit: Duration,
    end: Instant,
}

impl Deadline {
    /// What is left of `limit`, which began at `began`.
    pub(crate) fn after(began: Instant, limit: Duration) -> Self {
        Self { limit, end: began.checked_add(limit).unwrap_or_else(|| began + FOREVER) }
    }

    /// `work`, given up at the end: what takes too long is no fault of the caller's.
    pub(crate) async fn run<T>(self, work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let too_late = |_| Err(ApiError::internal(format!("not done within {:?}", self.limit)));
        timeout_at(self.end, work).await.unwrap_or_else(too_late)
    }

    /// The reading of a body, given up at the end: it is the caller who sends it.
    pub(crate) async fn read_body<T>(self, reading: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let too_late = |_| Err(ApiError::new(Code::Args, format!("body: must arrive within {:?}", self.limit)));
        timeout_at(self.end, reading).await.unwrap_or_else(too_late)
    }

    /// `work`, given up at the end without a word.
    pub(crate) async fn drain(self, work: impl Future<Output = ()>) {
        // Nobody waits for it.
        let _ = timeout_at(self.end, work).await;
    }
}
