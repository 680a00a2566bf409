//! How many calls are under way at once, and what becomes of the others.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::RETRY_AFTER},
};
use conversation_settings_openim::Code;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tracing::warn;

use crate::envelope;

/// How often the log is told of calls that were turned away: a line for each would be load on top of the load.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// The places that there are for calls. Cheap to clone; clones share them.
///
/// Who gets none is turned away at once and does not wait: what waits takes memory, and makes all that come later wait
/// as well, until no answer is in time for anybody.
#[derive(Clone, Debug)]
pub(crate) struct ConcurrencyLimit {
    limit: usize,
    free: Arc<Semaphore>,
    rejected: Arc<Mutex<Rejections>>,
}

/// A call's place, which is free again when this is dropped.
pub(crate) type Permit = OwnedSemaphorePermit;

#[derive(Debug, Default)]
struct Rejections {
    untold: u64,
    told: Option<Instant>,
}

impl ConcurrencyLimit {
    /// For so many calls at once.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { limit, free: Arc::new(Semaphore::new(limit)), rejected: Arc::default() }
    }

    /// How many calls it is for.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A place, if one is free.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        // Nobody closes it, so it fails for this reason alone.
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// The answer to a call that found no place: HTTP's own status too, as OpenIM has it, so that proxies and clients
    /// that know nothing of the envelope hold back.
    pub(crate) fn reject(&self) -> Response<Body> {
        self.tell();
        let detail = format!("{} calls are under way, which is the most: try again in a moment", self.limit);
        let mut response = envelope::failure_with(StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests, &detail);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }

    fn tell(&self) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        rejected.untold += 1;
        if rejected.told.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            return;
        }
        rejected.told = Some(Instant::now());
        let calls = mem::take(&mut rejected.untold);
        drop(rejected);
        warn!(calls, limit = self.limit, "too many calls at once: turned away since this was last told");
    }
}
