//! What a router is built from.

use std::{sync::Arc, time::Duration};

use conversation_settings_service::Service;

use crate::{
    Authenticate, TokenAuthority, access::MAX_PUBLIC_CALLS, body_budget::BodyBudget, caller_shares::CallerShares,
    concurrency_limit::ConcurrencyLimit, metrics_text::MetricsText, operation_id::AbsentOperationId,
    readiness::Readiness,
};

/// Builds routers that serve the use cases over HTTP: the whole [`router`](Self::router), or its parts
/// [`calls`](Self::calls), [`operations`](Self::operations) and [`documentation`](Self::documentation).
///
/// A server that has CORS, compression or limits of its own leaves these out:
///
/// ```
/// # use conversation_settings_core::UserId;
/// # use conversation_settings_http::{Api, TokenAuthority};
/// # use conversation_settings_service::Service;
/// # use conversation_settings_store_memory::MemoryStore;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let service = Service::builder(MemoryStore::new()).build();
/// # let tokens = TokenAuthority::new("a secret", [UserId::new("imAdmin")?]);
/// let api = Api::with_tokens(service, tokens)
///     .cors(false)
///     .compression(false)
///     .without_body_limits()
///     .without_concurrency_limits()
///     .without_timeouts();
/// # drop(api.calls());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Api {
    pub(crate) service: Service,
    pub(crate) authenticate: Arc<dyn Authenticate>,
    pub(crate) tokens: Option<TokenAuthority>,
    pub(crate) metrics: Option<MetricsText>,
    pub(crate) max_body_bytes: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) body_budget: BodyBudget,
    pub(crate) request_timeout: Duration,
    pub(crate) concurrency: ConcurrencyLimit,
    /// For calls without authentication.
    pub(crate) public_concurrency: ConcurrencyLimit,
    pub(crate) caller_shares: CallerShares,
    pub(crate) readiness: Readiness,
    pub(crate) cors: bool,
    pub(crate) compression: bool,
    pub(crate) requires_json: bool,
    pub(crate) absent_operation_id: AbsentOperationId,
}

impl Api {
    /// The default of [`max_body_bytes`](Self::max_body_bytes): 16 MiB.
    pub const DEFAULT_MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
    /// The default of [`body_timeout`](Self::body_timeout): 10 seconds.
    pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);
    /// The default of [`max_body_memory`](Self::max_body_memory): 64 MiB.
    pub const DEFAULT_MAX_BODY_MEMORY: usize = 64 * 1024 * 1024;
    /// The default of [`request_timeout`](Self::request_timeout): 30 seconds.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
    /// The default of [`max_in_flight`](Self::max_in_flight): 256 calls.
    pub const DEFAULT_MAX_IN_FLIGHT: usize = 256;

    /// An API for a host's own clients, whose callers `authenticate` identifies.
    ///
    /// Pages of other origins can make no call, even if `authenticate` reads a cookie: [CORS](Self::cors) is left to the
    /// host, and a call [must declare](Self::require_json) its body as JSON.
    pub fn new(service: Service, authenticate: Arc<dyn Authenticate>) -> Self {
        Self {
            service,
            authenticate,
            tokens: None,
            metrics: None,
            max_body_bytes: Self::DEFAULT_MAX_BODY_BYTES,
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            body_budget: BodyBudget::new(Self::DEFAULT_MAX_BODY_MEMORY),
            request_timeout: Self::DEFAULT_REQUEST_TIMEOUT,
            concurrency: ConcurrencyLimit::new(Self::DEFAULT_MAX_IN_FLIGHT),
            public_concurrency: ConcurrencyLimit::new(MAX_PUBLIC_CALLS),
            caller_shares: CallerShares::new(Self::DEFAULT_MAX_IN_FLIGHT),
            readiness: Readiness::default(),
            cors: false,
            compression: true,
            requires_json: true,
            absent_operation_id: AbsentOperationId::Refuse,
        }
    }

    /// An API for OpenIM's clients, whose callers carry tokens of `tokens`. They get them from `/auth/get_admin_token` and
    /// `/auth/get_user_token`.
    ///
    /// As in OpenIM, pages of any origin may make calls, and a body may have any `Content-Type`. Neither helps a forged
    /// request: browsers never send the header `token` by themselves.
    pub fn with_tokens(service: Service, tokens: TokenAuthority) -> Self {
        let api = Self::new(service, Arc::new(tokens.clone())).cors(true).require_json(false);
        Self { tokens: Some(tokens), ..api }
    }

    /// Rejects bodies of more than `limit` bytes.
    pub const fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Refuses bodies that have not arrived `limit` after their headers. A call holds its permit while its body arrives,
    /// so this is much shorter than [`request_timeout`](Self::request_timeout).
    pub const fn body_timeout(mut self, limit: Duration) -> Self {
        self.body_timeout = limit;
        self
    }

    /// Rejects a body when the bodies of all calls in progress would take more than `bytes` of memory together.
    ///
    /// The response is the one of [`max_in_flight`](Self::max_in_flight). The first 16 KiB of each body are not counted,
    /// so calls of ordinary size pass. One user takes at most a quarter, or one body of
    /// [`max_body_bytes`](Self::max_body_bytes); administrators take any part. If `bytes` is less than
    /// [`max_body_bytes`](Self::max_body_bytes), that counts instead, so that one body always fits.
    pub fn max_body_memory(mut self, bytes: usize) -> Self {
        self.body_budget = BodyBudget::new(bytes);
        self
    }

    /// Aborts calls that take longer than `limit`, from the headers of the request to the response. A long response is
    /// written in parts; the client must receive each within `limit`.
    pub const fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// Rejects calls while `limit` others run, so that overload increases neither memory nor latency.
    ///
    /// The response has status 429, the code [`TooManyRequests`](crate::Code::TooManyRequests) and the header `Retry-After`.
    /// A call counts until its response is written. One user may run at most a quarter of `limit`; administrators may run
    /// all, because a host calls for many users. Operational routes such as `/healthz` and `/metrics` are not limited.
    ///
    /// Calls without authentication have 16 permits of their own, so that strangers cannot take those of callers.
    pub fn max_in_flight(mut self, limit: usize) -> Self {
        self.concurrency = ConcurrencyLimit::new(limit);
        self.caller_shares = CallerShares::new(limit);
        self
    }

    /// Accepts bodies of any size: the host limits them.
    ///
    /// `/auth/get_admin_token` keeps its 16 permits, 4 KiB for a body and 3 seconds for it to arrive, because strangers
    /// may call it.
    pub fn without_body_limits(self) -> Self {
        self.max_body_bytes(usize::MAX).max_body_memory(usize::MAX)
    }

    /// Runs any number of calls, of one user too: the host limits them.
    pub fn without_concurrency_limits(self) -> Self {
        self.max_in_flight(usize::MAX)
    }

    /// Gives bodies and calls any time: the host limits it.
    pub const fn without_timeouts(self) -> Self {
        self.body_timeout(Duration::MAX).request_timeout(Duration::MAX)
    }

    /// Whether pages of any origin may make calls and read the responses.
    ///
    /// That is safe only if a caller is identified by a header that browsers never send by themselves, such as `token`. It
    /// is not safe if a cookie, a client certificate or the network identifies the caller. Without it, the responses have
    /// no CORS header, and the routes do not answer preflight requests: the host does.
    pub const fn cors(mut self, allowed: bool) -> Self {
        self.cors = allowed;
        self
    }

    /// Whether responses are compressed for clients that accept gzip. They are unless the host says otherwise.
    pub const fn compression(mut self, compressed: bool) -> Self {
        self.compression = compressed;
        self
    }

    /// Whether a call must have the header `content-type: application/json`. Others get status 415 and code 1001.
    ///
    /// A page of another origin can make a browser send any body with the user's cookies, but not with this header: the
    /// browser asks first, by a preflight request.
    pub const fn require_json(mut self, required: bool) -> Self {
        self.requires_json = required;
        self
    }

    /// Gives a call without the header `operationID` a random one, instead of refusing it.
    pub const fn create_operation_ids(mut self) -> Self {
        self.absent_operation_id = AbsentOperationId::Create;
        self
    }

    /// Serves `/metrics` with the output of `render`: the metrics of the installed recorder, in Prometheus' text format.
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(MetricsText::new(render));
        self
    }
}
