//! What a connection is doing.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};

use axum::body::Body;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// Time for a client to send the complete head of a request, from the first byte of the head. The first head of a
/// connection must be complete this long after the connection was accepted.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for a client to accept some bytes of a response that waits.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The least bytes a second that a client accepts in the long run while a response waits.
///
/// Otherwise a client that accepts a byte now and then keeps its response, and the permit of its call, for ever.
const MIN_BYTES_PER_SECOND: u64 = 4 * 1024;

/// The time that a response may wait altogether if its client has accepted `bytes` of it.
pub(super) fn accepting_time(bytes: u64) -> Duration {
    WRITE_TIMEOUT + Duration::from_millis(bytes.saturating_mul(1000) / MIN_BYTES_PER_SECOND)
}

/// The size from which a head is large. A large head needs a permit, and its connection ends with its response, since its
/// buffer stays as long as the connection.
const LARGE_HEAD_BYTES: usize = 8 * 1024;

/// What a connection is doing, as its stream and its requests report it.
///
/// hyper has one timeout for a head and for the time before it, and none for writes. So the server keeps its own times,
/// and the connection's task ends it when the [deadline](Self::deadline) passes.
#[derive(Debug)]
pub(super) struct Activity {
    keep_alive: Duration,
    budgets: Arc<Budgets>,
    state: Mutex<State>,
}

/// What the connections of a listener share.
#[derive(Debug)]
pub(super) struct Budgets {
    large_heads: Arc<Semaphore>,
    http2_connections: Arc<Semaphore>,
}

impl Budgets {
    pub(super) fn new(large_heads: usize, http2_connections: usize) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { large_heads: semaphore(large_heads), http2_connections: semaphore(http2_connections) }
    }
}

#[derive(Debug)]
struct State {
    /// Whether the connection has had a request of HTTP/2.
    is_http2: bool,
    http2_permit: Option<OwnedSemaphorePermit>,
    /// Requests without a complete response, and bodies that are not complete.
    requests: usize,
    /// Whether the connection has sent a response.
    has_responded: bool,
    /// Since when no request is in progress.
    waiting_since: Instant,
    /// When the first byte of a head arrived that is not complete.
    head_since: Option<Instant>,
    /// How much of it has arrived.
    head_bytes: usize,
    large_head: Option<OwnedSemaphorePermit>,
    /// Whether the client accepts no byte for the moment.
    is_blocked: bool,
    /// Since when bytes wait to be written.
    blocked_since: Option<Instant>,
    /// How many bytes the client has accepted since, and when the last of them.
    accepted_bytes: u64,
    accepted_at: Instant,
    /// Responses that have ended, but may wait to be written.
    unwritten: Vec<(Body, RequestGuard)>,
    order: Order,
    task: Option<Waker>,
}

/// What the server wants of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Serve on.
    Serve,
    /// End now if no request is in progress; serve on otherwise.
    Yield,
    /// End as soon as no request is in progress.
    Finish,
}

/// Why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// No request arrived in time.
    KeepAlive,
    /// The head of a request was not complete in time.
    Head,
    /// The client did not accept the response in time.
    Write,
}

impl Activity {
    pub(super) fn new(keep_alive: Duration, budgets: Arc<Budgets>) -> Self {
        let state = State {
            is_http2: false,
            http2_permit: None,
            requests: 0,
            has_responded: false,
            waiting_since: Instant::now(),
            head_since: None,
            head_bytes: 0,
            large_head: None,
            is_blocked: false,
            blocked_since: None,
            accepted_bytes: 0,
            accepted_at: Instant::now(),
            unwritten: Vec::new(),
            order: Order::Serve,
            task: None,
        };
        Self { keep_alive, budgets, state: Mutex::new(state) }
    }

    /// Bytes arrived. Without a request in progress they begin the head of the next one, or continue it. Returns whether
    /// there is memory for them: only so many heads may be large.
    pub(super) fn received(&self, bytes: usize) -> bool {
        let mut state = self.state();
        // HTTP/2 has other frames beside heads, and a bound for a head of its own.
        if state.requests > 0 || state.is_http2 {
            return true;
        }
        state.head_since.get_or_insert_with(Instant::now);
        state.head_bytes += bytes;
        if state.head_bytes > LARGE_HEAD_BYTES && state.large_head.is_none() {
            state.large_head = Arc::clone(&self.budgets.large_heads).try_acquire_owned().ok();
            return state.large_head.is_some();
        }
        true
    }

    /// Notes that a request of HTTP/2 has arrived. Returns whether the connection may have some.
    pub(super) fn begin_http2(&self) -> bool {
        let mut state = self.state();
        state.is_http2 = true;
        if state.http2_permit.is_none() {
            state.http2_permit = Arc::clone(&self.budgets.http2_connections).try_acquire_owned().ok();
        }
        state.http2_permit.is_some()
    }

    /// Whether the connection has had a request of HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.state().is_http2
    }

    /// Whether a head of this connection was large.
    pub(super) fn has_large_head(&self) -> bool {
        self.state().large_head.is_some()
    }

    /// The client accepted some bytes, or it accepts none for the moment.
    pub(super) fn wrote(&self, bytes: Option<usize>) {
        let mut state = self.state();
        state.is_blocked = bytes.is_none();
        match (state.blocked_since, bytes) {
            (None, None) => {
                let now = Instant::now();
                (state.blocked_since, state.accepted_bytes, state.accepted_at) = (Some(now), 0, now);
            }
            (Some(_), Some(bytes)) => {
                state.accepted_bytes += bytes as u64;
                state.accepted_at = Instant::now();
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
    }

    /// The head of a request is complete. The request is in progress until the guard is dropped.
    pub(super) fn begin_request(self: &Arc<Self>) -> RequestGuard {
        let mut state = self.state();
        state.requests += 1;
        state.head_since = None;
        state.head_bytes = 0;
        drop(state);
        RequestGuard(Arc::clone(self))
    }

    /// The body of a request that is in progress. Until the guard is dropped, the request is in progress even if its response
    /// is written: what arrives belongs to the body.
    pub(super) fn begin_body(self: &Arc<Self>) -> BodyGuard {
        self.state().requests += 1;
        BodyGuard(Arc::clone(self))
    }

    /// Ends the requests whose response is written: all that have ended, unless the client accepts no byte for the moment.
    /// The connection's task calls this when it has written all that it can.
    pub(super) fn release_written(&self) {
        let mut state = self.state();
        if state.is_blocked {
            return;
        }
        state.blocked_since = None;
        let written = mem::take(&mut state.unwritten);
        // Ending a request changes the state.
        drop(state);
        drop(written);
    }

    /// Ends the requests of a connection that has ended.
    pub(super) fn release_all(&self) {
        let unwritten = mem::take(&mut self.state().unwritten);
        drop(unwritten);
    }

    /// `is_outside` says whether this may happen outside of the connection's task, which then has to see it.
    fn end_request(&self, is_outside: bool) {
        let mut state = self.state();
        state.requests -= 1;
        if state.requests == 0 {
            state.has_responded = true;
            state.waiting_since = Instant::now();
            if state.order != Order::Serve || state.is_http2 || is_outside {
                wake(&mut state);
            }
        }
    }

    /// Changes what the server wants of the connection. `Finish` is final.
    pub(super) fn give(&self, order: Order) {
        let mut state = self.state();
        if state.order != Order::Finish {
            state.order = order;
            wake(&mut state);
        }
    }

    /// What the server wants of the connection. A later order wakes `task`.
    pub(super) fn order(&self, task: &Waker) -> Order {
        let mut state = self.state();
        if !state.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            state.task = Some(task.clone());
        }
        state.order
    }

    /// Since when the connection waits for a request, if it waits: no request is in progress and nothing is to be written.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.requests == 0 && state.blocked_since.is_none()).then_some(state.waiting_since)
    }

    /// Like [`idle_since`](Self::idle_since), unless the connection has been asked to end.
    pub(super) fn may_yield_since(&self) -> Option<Instant> {
        let since = self.idle_since()?;
        (self.state().order == Order::Serve).then_some(since)
    }

    /// When the connection has to end, and why, unless it does something before.
    pub(super) fn deadline(&self) -> Option<(Instant, Expiry)> {
        let state = self.state();
        if let Some(since) = state.blocked_since {
            // The system's own buffers accept megabytes at once, so the rate alone would be a late bound.
            let deadline = (since + accepting_time(state.accepted_bytes)).min(state.accepted_at + WRITE_TIMEOUT);
            return Some((deadline, Expiry::Write));
        }
        if state.requests > 0 {
            // The limits of a request apply.
            return None;
        }
        let (since, timeout, expiry) = if !state.has_responded {
            (state.waiting_since, HEAD_TIMEOUT, Expiry::Head)
        } else if let Some(since) = state.head_since {
            (since, HEAD_TIMEOUT, Expiry::Head)
        } else {
            (state.waiting_since, self.keep_alive, Expiry::KeepAlive)
        };
        since.checked_add(timeout).map(|deadline| (deadline, expiry))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(state: &mut State) {
    if let Some(task) = state.task.take() {
        task.wake();
    }
}

/// A request in progress, from its complete head to the end of its response.
#[derive(Debug)]
pub(super) struct RequestGuard(Arc<Activity>);

impl RequestGuard {
    /// Keeps a response, and what it holds, until it is [written](Activity::release_written).
    pub(super) fn keep_until_written(self, body: Body) {
        let activity = Arc::clone(&self.0);
        activity.state().unwritten.push((body, self));
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.end_request(false);
    }
}

/// The body of a request, until it is read or given up.
#[derive(Debug)]
pub(super) struct BodyGuard(Arc<Activity>);

impl Drop for BodyGuard {
    fn drop(&mut self) {
        self.0.end_request(true);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const KEEP_ALIVE: Duration = Duration::from_secs(75);
    const SECOND: Duration = Duration::from_secs(1);

    fn activity() -> Arc<Activity> {
        Arc::new(Activity::new(KEEP_ALIVE, Arc::new(Budgets::new(1, 1))))
    }

    #[tokio::test(start_paused = true)]
    async fn limits_the_first_head_from_the_start_of_the_connection() {
        let (activity, began) = (activity(), Instant::now());
        advance(SECOND).await;
        assert!(activity.received(1));
        assert_eq!(activity.deadline(), Some((began + HEAD_TIMEOUT, Expiry::Head)));
    }

    #[tokio::test(start_paused = true)]
    async fn limits_a_later_head_from_its_first_byte() {
        let activity = activity();
        drop(activity.begin_request());
        let ended = Instant::now();
        assert_eq!(activity.deadline(), Some((ended + KEEP_ALIVE, Expiry::KeepAlive)));
        advance(SECOND * 50).await;
        let begun = Instant::now();
        assert!(activity.received(1));
        advance(SECOND).await;
        assert!(activity.received(1));
        assert_eq!(activity.deadline(), Some((begun + HEAD_TIMEOUT, Expiry::Head)));
        drop(activity.begin_request());
        assert_eq!(activity.deadline(), Some((Instant::now() + KEEP_ALIVE, Expiry::KeepAlive)));
    }

    #[tokio::test(start_paused = true)]
    async fn limits_a_write_by_the_bytes_that_the_client_accepts() {
        let activity = activity();
        let request = activity.begin_request();
        assert_eq!(activity.deadline(), None);
        activity.wrote(Some(1 << 20));
        activity.release_written();
        activity.wrote(None);
        let blocked = Instant::now();
        advance(SECOND).await;
        activity.wrote(None);
        assert_eq!(activity.deadline(), Some((blocked + WRITE_TIMEOUT, Expiry::Write)));
        drop(request);
        assert_eq!(activity.deadline(), Some((blocked + WRITE_TIMEOUT, Expiry::Write)), "the response is not written");
        assert_eq!(activity.idle_since(), None);
        advance(SECOND).await;
        activity.wrote(Some(4096));
        activity.wrote(None);
        activity.release_written();
        assert_eq!(activity.deadline(), Some((blocked + WRITE_TIMEOUT + SECOND, Expiry::Write)), "by the rate");
        activity.wrote(Some(1 << 30));
        activity.wrote(None);
        let accepted = Instant::now();
        assert_eq!(activity.deadline(), Some((accepted + WRITE_TIMEOUT, Expiry::Write)), "by the last bytes");
        activity.wrote(Some(1));
        activity.release_written();
        assert!(matches!(activity.deadline(), Some((_, Expiry::KeepAlive))));
    }

    #[tokio::test(start_paused = true)]
    async fn is_idle_without_a_request_in_progress() {
        let activity = activity();
        assert_eq!(activity.idle_since(), Some(Instant::now()));
        let requests = [activity.begin_request(), activity.begin_request()];
        assert_eq!(activity.idle_since(), None);
        advance(SECOND).await;
        drop(requests);
        assert_eq!(activity.idle_since(), Some(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn begins_no_head_with_other_frames_of_http2() {
        let activity = activity();
        assert!(activity.begin_http2());
        drop(activity.begin_request());
        assert!(activity.received(LARGE_HEAD_BYTES * 2));
        assert!(matches!(activity.deadline(), Some((_, Expiry::KeepAlive))));
    }

    #[tokio::test]
    async fn allows_a_few_connections_of_http2() {
        let budgets = Arc::new(Budgets::new(0, 1));
        let [first, second] = [(); 2].map(|()| Activity::new(KEEP_ALIVE, Arc::clone(&budgets)));
        assert!(first.begin_http2() && first.begin_http2());
        assert!(!second.begin_http2());
        drop(first);
        assert!(second.begin_http2() && second.is_http2());
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_a_request_in_progress_until_its_response_is_written() {
        let activity = activity();
        activity.begin_request().keep_until_written(Body::empty());
        activity.wrote(None);
        activity.release_written();
        activity.wrote(Some(1));
        assert_eq!(activity.idle_since(), None);
        activity.release_written();
        assert!(activity.idle_since().is_some());
        activity.begin_request().keep_until_written(Body::empty());
        activity.wrote(None);
        activity.release_all();
        activity.wrote(Some(1));
        activity.release_written();
        assert!(activity.idle_since().is_some());
    }

    #[tokio::test]
    async fn allows_a_few_large_heads() {
        let budgets = Arc::new(Budgets::new(1, 0));
        let [first, second] = [(); 2].map(|()| Arc::new(Activity::new(KEEP_ALIVE, Arc::clone(&budgets))));
        assert!(first.received(LARGE_HEAD_BYTES) && second.received(LARGE_HEAD_BYTES));
        assert!(!first.has_large_head());
        assert!(first.received(1) && first.received(LARGE_HEAD_BYTES) && first.has_large_head());
        assert!(!second.received(1), "all permits are taken");
        drop(first.begin_request());
        assert!(first.has_large_head(), "the buffer stays");
        drop(first);
        assert!(second.received(1));
        // A body is not part of a head.
        let request = second.begin_request();
        assert!(second.received(LARGE_HEAD_BYTES * 2));
        drop(request);
        assert!(second.received(1));
    }

    #[tokio::test]
    async fn keeps_the_order_to_finish() {
        let activity = activity();
        for order in [Order::Yield, Order::Serve, Order::Finish] {
            activity.give(order);
            assert_eq!(activity.order(Waker::noop()), order);
        }
        activity.give(Order::Serve);
        assert_eq!(activity.order(Waker::noop()), Order::Finish);
    }
}
