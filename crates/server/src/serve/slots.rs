//! How many connections are open, and which one ends when another client needs its slot.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::response::Response;
use conversation_settings_http::{Api, too_many_connections};
use hyper::{Request, Version};
use metrics::{Gauge, gauge};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tracing::warn;

use super::{
    activity::{Activity, Budgets, Order},
    http2,
};
use crate::metrics::CONNECTIONS;

/// How many connections are compared to find one that has been idle for long: looking at all of them for each new
/// connection would help an attacker.
const COMPARED: usize = 32;

/// How many connections of a listener may have had a large head. The buffer of a head has up to 128 KiB.
const LARGE_HEADS: usize = 64;

/// How often a new connection without a slot looks for a connection that has become idle.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// The shortest time between two log lines about a lack of slots.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// The slots of a listener's connections.
///
/// If all are taken, a new connection takes the slot of one that has been idle for long. So nobody can keep others out with
/// connections that do nothing.
#[derive(Debug)]
pub(super) struct Slots {
    limit: usize,
    /// Slots beyond the limit, for operators' requests while each connection within the limit is busy.
    reserved: usize,
    keep_alive: Duration,
    budgets: Arc<Budgets>,
    open_connections: OpenConnections,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    activities: Vec<Option<Arc<Activity>>>,
    free: Vec<usize>,
    taken: usize,
    /// Where the next comparison begins.
    next: usize,
    last_logged: Option<Instant>,
}

impl Slots {
    pub(super) fn new(listener: &'static str, limit: usize, reserved: usize, keep_alive: Duration) -> Self {
        Self {
            limit,
            reserved,
            keep_alive,
            budgets: Arc::new(Budgets::new(LARGE_HEADS, http2::MAX_CONNECTIONS)),
            open_connections: OpenConnections(gauge!(CONNECTIONS, "listener" => listener)),
            state: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A slot for a new connection, as soon as there is one.
    pub(super) async fn acquire(self: &Arc<Self>) -> Slot {
        loop {
            let freed = self.freed.notified();
            if let Some(slot) = self.try_acquire() {
                return slot;
            }
            // Not only a freed slot helps, but also a connection that has become idle.
            let _ = timeout(RETRY_INTERVAL, freed).await;
        }
    }

    fn try_acquire(self: &Arc<Self>) -> Option<Slot> {
        let mut state = self.state();
        if state.taken < self.limit {
            return Some(self.take(&mut state, false));
        }
        self.log_lack(&mut state);
        let idle = state.longest_idle();
        let is_reserved = idle.is_none();
        if let Some(idle) = idle {
            idle.give(Order::Yield);
        }
        (state.taken < self.limit + self.reserved).then(|| self.take(&mut state, is_reserved))
    }

    fn take(self: &Arc<Self>, state: &mut State, is_reserved: bool) -> Slot {
        let activity = Arc::new(Activity::new(self.keep_alive, Arc::clone(&self.budgets)));
        let entry = Some(Arc::clone(&activity));
        let index = if let Some(index) = state.free.pop() {
            state.activities[index] = entry;
            index
        } else {
            state.activities.push(entry);
            state.activities.len() - 1
        };
        state.taken += 1;
        self.open_connections.0.increment(1);
        Slot { slots: Arc::clone(self), index, activity, is_reserved }
    }

    fn free(&self, index: usize) {
        let mut state = self.state();
        state.activities[index] = None;
        state.free.push(index);
        state.taken -= 1;
        drop(state);
        self.open_connections.0.decrement(1);
        self.freed.notify_waiters();
    }

    /// Lets each connection end as soon as it has no request in progress.
    pub(super) fn finish(&self) {
        for activity in self.state().activities.iter().flatten() {
            activity.give(Order::Finish);
        }
    }

    /// Waits until no connection is open.
    pub(super) async fn all_freed(&self) {
        loop {
            let freed = self.freed.notified();
            if self.taken() == 0 {
                return;
            }
            freed.await;
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.state().taken
    }

    fn log_lack(&self, state: &mut State) {
        if state.last_logged.is_some_and(|logged| logged.elapsed() < LOG_INTERVAL) {
            return;
        }
        state.last_logged = Some(Instant::now());
        warn!(limit = self.limit, "too many connections: new ones replace those that are idle");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Of some connections, the one that has waited for a request the longest.
    fn longest_idle(&mut self) -> Option<Arc<Activity>> {
        let count = self.activities.len();
        let mut longest: Option<(Instant, &Arc<Activity>)> = None;
        let mut seen = 0;
        while seen < count && (seen < COMPARED || longest.is_none()) {
            let index = (self.next + seen) % count;
            seen += 1;
            let Some(activity) = &self.activities[index] else { continue };
            let Some(since) = activity.may_yield_since() else { continue };
            if longest.is_none_or(|(earliest, _)| since < earliest) {
                longest = Some((since, activity));
            }
        }
        self.next = (self.next + seen) % count.max(1);
        longest.map(|(_, activity)| Arc::clone(activity))
    }
}

/// The gauge of open connections.
struct OpenConnections(Gauge);

impl std::fmt::Debug for OpenConnections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenConnections")
    }
}

/// The right of one connection to be open. Dropping it frees it for another connection.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    index: usize,
    activity: Arc<Activity>,
    is_reserved: bool,
}

impl Slot {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Whether the slot is beyond the limit, and serves one operators' request only.
    pub(super) fn is_reserved(&self) -> bool {
        self.is_reserved
    }

    /// The response to a request that the slot does not serve.
    pub(super) fn refuse<B>(&self, request: &Request<B>) -> Option<Response> {
        if request.version() == Version::HTTP_2 && !self.activity.begin_http2() {
            self.activity.give(Order::Finish);
            return Some(too_many_connections(http2::MAX_CONNECTIONS));
        }
        let is_refused = self.is_reserved && !Api::OPERATIONS.contains(&request.uri().path());
        is_refused.then(|| too_many_connections(self.slots.limit))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.free(self.index);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::time::advance;

    use super::*;

    const KEEP_ALIVE: Duration = Duration::from_secs(75);

    fn slots(limit: usize, reserved: usize) -> Arc<Slots> {
        Arc::new(Slots::new("test", limit, reserved, KEEP_ALIVE))
    }

    fn order(slot: &Slot) -> Order {
        slot.activity().order(Waker::noop())
    }

    #[tokio::test(start_paused = true)]
    async fn replaces_the_longest_idle_connection() {
        let slots = slots(3, 1);
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.push(slots.acquire().await);
            advance(Duration::from_secs(1)).await;
        }
        // The first one is busy, and the second one has just been.
        let request = taken[0].activity().begin_request();
        drop(taken[1].activity().begin_request());
        advance(Duration::from_secs(1)).await;
        let new = slots.acquire().await;
        assert!(!new.is_reserved());
        assert_eq!(taken.iter().map(order).collect::<Vec<_>>(), [Order::Serve, Order::Serve, Order::Yield]);
        drop(request);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_the_slot_of_a_replaced_connection() {
        let slots = slots(1, 0);
        let old = slots.acquire().await;
        let next = tokio::spawn(async move { slots.acquire().await.is_reserved() });
        while order(&old) != Order::Yield {
            tokio::task::yield_now().await;
        }
        assert!(!next.is_finished());
        drop(old);
        assert!(!next.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn waits_until_a_busy_connection_is_idle() {
        let slots = slots(1, 0);
        let old = slots.acquire().await;
        let request = old.activity().begin_request();
        let acquire = slots.acquire();
        assert!(timeout(KEEP_ALIVE, acquire).await.is_err());
        assert_eq!(order(&old), Order::Serve);
        drop(request);
        assert!(timeout(KEEP_ALIVE, slots.acquire()).await.is_err());
        assert_eq!(order(&old), Order::Yield);
    }

    #[tokio::test(start_paused = true)]
    async fn reserves_slots_for_operators_while_all_are_busy() {
        let slots = slots(1, 1);
        let busy = slots.acquire().await;
        let request = busy.activity().begin_request();
        let reserved = slots.acquire().await;
        assert!(reserved.is_reserved());
        for (path, is_refused) in [("/conversation/get_conversation", true), ("/healthz", false), ("/metrics", false)] {
            let refusal = reserved.refuse(&Request::get(path).body(()).unwrap());
            assert_eq!(refusal.is_some(), is_refused, "{path}");
        }
        drop((request, busy));
        // The connection in the reserved slot counts; it is idle, so it yields.
        assert!(!slots.acquire().await.is_reserved());
        assert_eq!(order(&reserved), Order::Yield);
    }

    #[tokio::test]
    async fn refuses_http2_on_too_many_connections() {
        let slots = slots(http2::MAX_CONNECTIONS + 1, 0);
        let mut taken = Vec::new();
        for index in 0..=http2::MAX_CONNECTIONS {
            let slot = slots.acquire().await;
            let mut request = Request::get("/healthz").body(()).unwrap();
            assert!(slot.refuse(&request).is_none(), "HTTP/1.1");
            *request.version_mut() = Version::HTTP_2;
            for _ in 0..2 {
                assert_eq!(slot.refuse(&request).is_some(), index == http2::MAX_CONNECTIONS, "{index}");
            }
            taken.push(slot);
        }
        assert!(
            taken.iter().map(order).eq(taken
                .iter()
                .enumerate()
                .map(|(index, _)| { if index == http2::MAX_CONNECTIONS { Order::Finish } else { Order::Serve } }))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn finishes_all_connections() {
        let slots = slots(2, 0);
        let taken = [slots.acquire().await, slots.acquire().await];
        slots.finish();
        assert_eq!(taken.each_ref().map(order), [Order::Finish; 2]);
        assert!(timeout(KEEP_ALIVE, slots.all_freed()).await.is_err());
        drop(taken);
        slots.all_freed().await;
    }
}
