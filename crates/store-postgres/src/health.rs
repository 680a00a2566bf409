//! Which servers answer, and which of them is the primary.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::session::Route;

/// A server of a cluster that replicates, at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Primary {
    /// The cluster's identifier, which a standby shares. Timelines of different clusters do not compare.
    pub(crate) cluster: Option<i64>,
    /// 0 for a standby, and for a server without timelines.
    pub(crate) timeline: u32,
}

/// What the connections of one pool have found out. A connection is known by when it was made.
#[derive(Debug)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug)]
struct State {
    newest: Primary,
    last_answer: Instant,
    retired_before: Option<Instant>,
    route: Route,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            newest: Primary::default(),
            last_answer: Instant::now(),
            retired_before: None,
            route: Route::Direct,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest timeline that any server had.
    pub(crate) fn timeline(&self) -> u32 {
        self.state().newest.timeline
    }

    /// Whether a server is the newest primary, or as new as any.
    pub(crate) fn is_newest(&self, found: Primary) -> bool {
        let newest = self.state().newest;
        found.timeline >= newest.timeline || is_other_cluster(newest, found)
    }

    /// Notes a server that a connection made at `connected` has reached. If it was promoted, connections that were made
    /// earlier are retired, since they lead to the old primary.
    pub(crate) fn found(&self, found: Primary, connected: Instant) {
        let mut state = self.state();
        let is_other_cluster = is_other_cluster(state.newest, found);
        if found.timeline > state.newest.timeline || is_other_cluster {
            if state.newest.timeline > 0 {
                state.retired_before = state.retired_before.max(Some(connected));
            }
            state.newest.timeline = found.timeline;
        }
        state.newest.cluster = found.cluster.or(state.newest.cluster);
    }

    /// What is at the other end of the connections.
    pub(crate) fn route(&self) -> Route {
        self.state().route
    }

    /// Notes that a pooler is at the other end.
    pub(crate) fn found_pooler(&self) {
        self.state().route = Route::Pooler;
    }

    /// Notes that a server has answered.
    pub(crate) fn answered(&self) {
        self.state().last_answer = Instant::now();
    }

    /// Whether a server has answered within `time`.
    pub(crate) fn has_answered_within(&self, time: Duration) -> bool {
        self.state().last_answer.elapsed() < time
    }

    /// Retires all connections that were made until now.
    pub(crate) fn retire_all(&self) {
        self.state().retired_before = Some(Instant::now());
    }

    pub(crate) fn is_retired(&self, connected: Instant) -> bool {
        self.state().retired_before.is_some_and(|before| connected < before)
    }
}

fn is_other_cluster(one: Primary, other: Primary) -> bool {
    matches!((one.cluster, other.cluster), (Some(one), Some(other)) if one != other) && other.timeline > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retires_connections_to_an_old_primary() {
        let health = Health::new();
        let [first, second] = [Instant::now(), Instant::now() + Duration::from_millis(1)];
        let primary = |timeline| Primary { cluster: Some(7), timeline };
        health.found(primary(3), first);
        assert!(!health.is_retired(first) && health.is_newest(primary(3)));
        assert!(!health.is_newest(primary(2)) && !health.is_newest(Primary::default()));
        health.found(primary(4), second);
        assert!(health.is_retired(first) && !health.is_retired(second));
        health.found(primary(3), second);
        assert_eq!(health.timeline(), 4);
        assert!(!health.is_newest(primary(3)));
    }

    #[test]
    fn accepts_a_lower_timeline_of_another_cluster() {
        let health = Health::new();
        health.found(Primary { cluster: Some(7), timeline: 3 }, Instant::now());
        let other = Primary { cluster: Some(8), timeline: 1 };
        assert!(health.is_newest(other));
        health.found(other, Instant::now());
        assert_eq!(health.timeline(), 1);
    }
}
