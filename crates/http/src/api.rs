//! What a router is built from.

use std::{sync::Arc, time::Duration};

use conversation_settings_service::Service;

use crate::{Authenticate, TokenAuthority, concurrency_limit::ConcurrencyLimit, metrics_text::MetricsText};

/// Builds a router that serves the use cases over HTTP.
#[derive(Clone, Debug)]
#[must_use]
pub struct Api {
    pub(crate) service: Service,
    pub(crate) authenticate: Arc<dyn Authenticate>,
    pub(crate) tokens: Option<TokenAuthority>,
    pub(crate) metrics: Option<MetricsText>,
    pub(crate) max_body_bytes: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) concurrency: ConcurrencyLimit,
}

impl Api {
    /// The default of [`max_body_bytes`](Self::max_body_bytes): 16 MiB.
    pub const DEFAULT_MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
    /// The default of [`request_timeout`](Self::request_timeout): 30 seconds.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
    /// The default of [`max_in_flight`](Self::max_in_flight): 256 calls.
    pub const DEFAULT_MAX_IN_FLIGHT: usize = 256;

    /// An API whose callers are authenticated by `authenticate`.
    pub fn new(service: Service, authenticate: Arc<dyn Authenticate>) -> Self {
        Self {
            service,
            authenticate,
            tokens: None,
            metrics: None,
            max_body_bytes: Self::DEFAULT_MAX_BODY_BYTES,
            request_timeout: Self::DEFAULT_REQUEST_TIMEOUT,
            concurrency: ConcurrencyLimit::new(Self::DEFAULT_MAX_IN_FLIGHT),
        }
    }

    /// An API whose callers carry tokens of `tokens`. They get them from `/auth/get_admin_token` and
    /// `/auth/get_user_token`.
    pub fn with_tokens(service: Service, tokens: TokenAuthority) -> Self {
        Self { tokens: Some(tokens.clone()), ..Self::new(service, Arc::new(tokens)) }
    }

    /// Rejects bodies of more than `limit` bytes.
    pub const fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Aborts calls that take longer than `limit`, from the headers of the request to the response.
    pub const fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// Rejects calls while `limit` others run, so that overload increases neither memory nor latency.
    ///
    /// The response has status 429, the code [`TooManyRequests`](crate::Code::TooManyRequests) and the header `Retry-After`.
    /// Operational routes such as `/healthz` and `/metrics` are not limited.
    pub fn max_in_flight(mut self, limit: usize) -> Self {
        self.concurrency = ConcurrencyLimit::new(limit);
        self
    }

    /// Serves `/metrics` with the output of `render`: the metrics of the installed recorder, in Prometheus' text format.
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(MetricsText::new(render));
        self
    }
}
