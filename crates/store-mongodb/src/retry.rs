//! Trying again after conflicts and elections.

use std::{
    hash::{BuildHasher, RandomState},
    mem,
    time::Duration,
};

use conversation_settings_store::{Retry, StoreError};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::error::Error;

/// For how long a call is tried again: longer than an election takes, shorter than a client waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// The delays. The number of attempts is bounded by [`PATIENCE`].
const RETRY: Retry = Retry { attempts: u32::MAX, first: Duration::from_millis(2), longest: Duration::from_millis(250) };

/// Those whose first attempt met another writer go on one after the other, so that they are not in each other's way
/// again: many callers on one owner cost little more than one after the other.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<()>);

impl Queue {
    /// Does what `operation` does, which is told until when it may try.
    pub(crate) async fn run<T, Tried>(&self, operation: impl Fn(Instant) -> Tried) -> Result<T, StoreError>
    where
        Tried: Future<Output = Result<T, Error>>,
    {
        let until = Instant::now() + PATIENCE;
        let mut is_first = true;
        let attempt = || {
            let waits = !mem::take(&mut is_first);
            let tried = operation(until);
            async move {
                let _turn = if waits { Some(self.0.lock().await) } else { None };
                tried.await.map_err(|error| error.attempt(Instant::now() < until))
            }
        };
        RETRY.run(sleep, jitter, attempt).await
    }
}

/// A number evenly from 0 up to 1. The keys of the standard library's hashers are random.
pub(crate) fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX)
}
