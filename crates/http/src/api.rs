//! What a router is built from.

use std::{sync::Arc, time::Duration};

use axum::Router;
use conversation_settings_service::Service;
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};

use crate::{
    Authenticate, TokenAuthority,
    concurrency_limit::ConcurrencyLimit,
    routes::{self, Rendering},
};

/// What is shorter, in bytes, gains nothing by being compressed.
const WORTH_COMPRESSING: u64 = 256;

/// Builds a router that serves the use cases over HTTP.
#[derive(Clone, Debug)]
#[must_use]
pub struct Api {
    pub(crate) service: Service,
    pub(crate) authenticate: Arc<dyn Authenticate>,
    pub(crate) tokens: Option<TokenAuthority>,
    pub(crate) metrics: Option<Rendering>,
    pub(crate) max_body_bytes: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) concurrency: ConcurrencyLimit,
}

impl Api {
    /// The limit of a request body unless [`max_body_bytes`](Self::max_body_bytes) sets another: 16 MiB.
    pub const DEFAULT_MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
    /// The limit of a request's duration unless [`request_timeout`](Self::request_timeout) sets another.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
    /// The concurrency limit unless [`max_in_flight`](Self::max_in_flight) sets another.
    pub const DEFAULT_MAX_IN_FLIGHT: usize = 256;

    /// A host whose callers are known to `authenticate`.
    ///
    /// A body may have 16 MiB, a request take 30 seconds, and 256 calls be under way at once.
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

    /// A host whose callers carry `tokens`, and get them at `/auth/get_admin_token` and `/auth/get_user_token`.
    pub fn with_tokens(service: Service, tokens: TokenAuthority) -> Self {
        Self { tokens: Some(tokens.clone()), ..Self::new(service, Arc::new(tokens)) }
    }

    /// Refuses bodies of more than `limit` bytes.
    pub const fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Gives up a request that takes longer than `limit`, from its head to its answer.
    pub const fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// Turns calls away while `limit` are under way, counted from the head of each to its answer: with status 429, the
    /// code [`TooManyRequests`](crate::Code::TooManyRequests), and a header that says when to try again.
    ///
    /// So more load than the store can take makes neither memory nor the time of the others grow. What whoever runs the
    /// server asks, as `/healthz` and `/metrics`, is always answered.
    pub fn max_in_flight(mut self, limit: usize) -> Self {
        self.concurrency = ConcurrencyLimit::new(limit);
        self
    }

    /// Answers `/metrics` with what `render` writes, in Prometheus' text format: whatever the process's recorder holds.
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Rendering::new(render));
        self
    }

    /// The router, to be served as it is, merged into another or nested under a path.
    ///
    /// Its answers are compressed where the client takes gzip. Pages of any origin may call, and read the answer: who
    /// calls is told by a header, and never by a cookie. What whoever runs the server asks is for them alone.
    ///
    /// It measures itself by the [`metrics`](crate::metrics), through the recorder that is installed now.
    ///
    /// It has no fallback, so that it can be merged; see [`not_found`](crate::not_found).
    pub fn router(self) -> Router {
        let compression = CompressionLayer::new().compress_when(SizeAbove::new(WORTH_COMPRESSING));
        routes::router(&Arc::new(self)).route_layer(compression)
    }

    /// The paths that the router serves, for whoever tests, documents or limits each of them.
    #[must_use]
    pub fn paths(&self) -> Vec<&'static str> {
        routes::table(&Arc::new(self.clone())).into_iter().map(|route| route.path).collect()
    }
}
