//! The metrics of calls.
//!
//! They go through the `metrics` facade, to the recorder that is installed when the router is built.

use std::sync::Arc;

use conversation_settings_openim::Code;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use tokio::time::Instant;

/// Counter: finished calls.
///
/// Labels: `route`, the path; `code`, the `errCode` of the response, or `abandoned` if the client disconnected first.
pub const REQUESTS: &str = "conversation_http_requests_total";

/// Histogram, seconds: how long a call took, from the headers of the request until its response was written. Rejected
/// calls are not included.
///
/// Label: `route`.
pub const SECONDS: &str = "conversation_http_request_seconds";

/// Gauge: calls that are running, until their response is written.
pub const IN_FLIGHT: &str = "conversation_http_in_flight";

/// Counter: requests for an administrator's token with a wrong secret.
pub const WRONG_SECRETS: &str = "conversation_http_wrong_secrets_total";

/// Histogram: how many users a successful `set_conversations` names.
pub const USERS_PER_CALL: &str = "conversation_http_users_per_call";

/// The metrics of one route. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RouteMetrics {
    inner: Arc<Inner>,
}

struct Inner {
    route: &'static str,
    /// The counter of code 0, which needs no lookup: most calls succeed.
    succeeded: Counter,
    seconds: Histogram,
    in_flight: Gauge,
}

impl RouteMetrics {
    pub(crate) fn new(route: &'static str) -> Self {
        describe_counter!(REQUESTS, Unit::Count, "Finished calls.");
        describe_histogram!(SECONDS, Unit::Seconds, "How long calls took.");
        describe_gauge!(IN_FLIGHT, Unit::Count, "Calls that are running.");
        describe_counter!(WRONG_SECRETS, Unit::Count, "Requests for an administrator's token with a wrong secret.");
        describe_histogram!(USERS_PER_CALL, Unit::Count, "How many users a set_conversations names.");
        let inner = Inner {
            route,
            succeeded: counter!(REQUESTS, "route" => route, "code" => "0"),
            seconds: histogram!(SECONDS, "route" => route),
            in_flight: gauge!(IN_FLIGHT),
        };
        // Operators alert on their rates, which miss the first calls of a series that begins with them.
        for code in [Code::ServerInternal, Code::TooManyRequests] {
            let _exists = counter!(REQUESTS, "route" => route, "code" => code.number().to_string());
        }
        Self { inner: Arc::new(inner) }
    }

    /// The path.
    pub(crate) fn route(&self) -> &'static str {
        self.inner.route
    }

    /// Counts a rejected call without timing it.
    pub(crate) fn rejected(&self) {
        self.count(Code::TooManyRequests.number().to_string());
    }

    /// Begins to measure a call that began at `began`.
    pub(crate) fn begin(&self, began: Instant) -> InFlight {
        self.inner.in_flight.increment(1);
        InFlight { metrics: self.clone(), began, end: End::Abandoned }
    }

    fn count(&self, code: String) {
        counter!(REQUESTS, "route" => self.route(), "code" => code).increment(1);
    }
}

/// A running call. Recorded on drop, so that abandoned calls count.
pub(crate) struct InFlight {
    metrics: RouteMetrics,
    began: Instant,
    end: End,
}

enum End {
    Abandoned,
    Succeeded,
    Failed(i32),
}

impl InFlight {
    /// The response is written.
    pub(crate) fn succeeded(&mut self) {
        self.end = End::Succeeded;
    }

    pub(crate) fn failed(&mut self, code: i32) {
        self.end = End::Failed(code);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Inner { succeeded, seconds, in_flight, .. } = &*self.metrics.inner;
        match self.end {
            End::Succeeded => succeeded.increment(1),
            End::Failed(code) => self.metrics.count(code.to_string()),
            End::Abandoned => self.metrics.count("abandoned".to_owned()),
        }
        // Rejections are fast and would improve the average.
        if !matches!(self.end, End::Failed(code) if code == Code::TooManyRequests.number()) {
            seconds.record(self.began.elapsed());
        }
        in_flight.decrement(1);
    }
}

/// Counts a wrong secret.
pub(crate) fn count_wrong_secret() {
    counter!(WRONG_SECRETS).increment(1);
}

/// Records the number of users of a successful `set_conversations`.
pub(crate) fn record_users(users: usize) {
    histogram!(USERS_PER_CALL).record(f64::from(u32::try_from(users).unwrap_or(u32::MAX)));
}
