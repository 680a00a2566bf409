//! The metrics of calls.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the router is built.

use std::sync::Arc;

use conversation_settings_openim::Code;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use tokio::time::Instant;

/// Counter: calls that have come to an end.
///
/// Labels: `route`, the path; `code`, the `errCode` of the answer, or `abandoned` where the caller did not wait for one.
pub const REQUESTS: &str = "conversation_http_requests_total";

/// Histogram, seconds: how long a call took, from its head to its answer, unless it was turned away as one too many.
/// Label: `route`.
pub const SECONDS: &str = "conversation_http_request_seconds";

/// Gauge: calls that have begun and have not come to an end.
pub const IN_FLIGHT: &str = "conversation_http_in_flight";

/// Histogram: how many users a `set_conversations` that was done has named.
pub const USERS_PER_CALL: &str = "conversation_http_users_per_call";

/// What is measured of one route. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RouteMetrics {
    inner: Arc<Inner>,
}

struct Inner {
    route: &'static str,
    /// Most calls are done, so these need not be looked up.
    done: Counter,
    seconds: Histogram,
    in_flight: Gauge,
}

impl RouteMetrics {
    /// Tells the recorder of the calls of `route`.
    pub(crate) fn new(route: &'static str) -> Self {
        describe_counter!(REQUESTS, Unit::Count, "Calls that have come to an end.");
        describe_histogram!(SECONDS, Unit::Seconds, "How long calls took.");
        describe_gauge!(IN_FLIGHT, Unit::Count, "Calls that have begun and have not come to an end.");
        describe_histogram!(USERS_PER_CALL, Unit::Count, "How many users a set_conversations named.");
        let inner = Inner {
            route,
            done: counter!(REQUESTS, "route" => route, "code" => "0"),
            seconds: histogram!(SECONDS, "route" => route),
            in_flight: gauge!(IN_FLIGHT),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The path.
    pub(crate) fn route(&self) -> &'static str {
        self.inner.route
    }

    /// A call was turned away. It is counted and not timed: its time would make the others' look good.
    pub(crate) fn rejected(&self) {
        self.count(Code::TooManyRequests.number().to_string());
    }

    fn count(&self, code: String) {
        counter!(REQUESTS, "route" => self.route(), "code" => code).increment(1);
    }

    /// A call that began at `began`.
    pub(crate) fn call(&self, began: Instant) -> Measured {
        self.inner.in_flight.increment(1);
        Measured { route: self.clone(), began, end: End::Abandoned }
    }
}

/// A call that goes on. It is told of when it is dropped, so that one counts too for whose end nobody has waited.
pub(crate) struct Measured {
    route: RouteMetrics,
    began: Instant,
    end: End,
}

enum End {
    Abandoned,
    Done,
    Refused(Code),
}

impl Measured {
    /// The call was done.
    pub(crate) fn done(mut self) {
        self.end = End::Done;
    }

    /// The call was refused.
    pub(crate) fn refused(mut self, code: Code) {
        self.end = End::Refused(code);
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let Inner { done, seconds, in_flight, .. } = &*self.route.inner;
        match self.end {
            End::Done => done.increment(1),
            End::Refused(code) => self.route.count(code.number().to_string()),
            End::Abandoned => self.route.count("abandoned".to_owned()),
        }
        seconds.record(self.began.elapsed());
        in_flight.decrement(1);
    }
}

/// A `set_conversations` that named so many users was done.
pub(crate) fn record_users(users: usize) {
    histogram!(USERS_PER_CALL).record(f64::from(u32::try_from(users).unwrap_or(u32::MAX)));
}
