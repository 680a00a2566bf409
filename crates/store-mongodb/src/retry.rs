//! Trying again after conflicts and elections.

use std::{mem, time::Duration};

use conversation_settings_store::{
    StoreError, Wanted,
    adapter::{Attempt, Retry, jitter},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::error::{Error, STORE};

/// How long a call is tried again: longer than an election takes, shorter than a client waits.
const MAX_TIME: Duration = Duration::from_secs(20);

/// The delays. [`MAX_TIME`] bounds the attempts.
const RETRY: Retry = Retry::NEW.attempts(u32::MAX);

/// Runs operations until they succeed. Second attempts run one at a time, so that calls that met in one owner do not
/// meet again: many concurrent calls on one owner take little longer than the same calls in sequence.
#[derive(Debug, Default)]
pub(crate) struct RetryQueue(Mutex<()>);

impl RetryQueue {
    /// Runs `operation`, which gets its deadline, and runs it again after failures that may pass. An attempt that nobody
    /// wants any more when it would begin is not made.
    pub(crate) async fn run<T, Tried>(
        &self,
        wanted: &Wanted,
        operation: impl Fn(Instant) -> Tried,
    ) -> Result<T, StoreError>
    where
        Tried: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + MAX_TIME;
        let mut is_first = true;
        let attempt = || {
            let is_queued = !mem::take(&mut is_first);
            let tried = operation(deadline);
            async move {
                let _permit = if is_queued { Some(self.0.lock().await) } else { None };
                if !wanted.is_wanted() {
                    return Err(Attempt::Fail(StoreError::unwanted(STORE)));
                }
                tried.await.map_err(|error| error.attempt(Instant::now() < deadline))
            }
        };
        RETRY.run(sleep, jitter, attempt).await
    }
}
