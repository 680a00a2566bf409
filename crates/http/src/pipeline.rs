//! What every call has in common, from the operation ID to the envelope.

use std::{future::Future, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, Request},
    http::request::Parts,
    response::Response,
};
use conversation_settings_openim::Code;
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::{Instrument, debug, error, info, info_span};

use crate::{
    Api, ApiError,
    access::Access,
    body::{BodyLimits, RequestBody},
    caller_shares::CallerShare,
    concurrency_limit::Permit,
    deadline::Deadline,
    decode::{Arguments, Decoded, decode_body},
    envelope, headers,
    metrics::RouteMetrics,
    operation_id,
    reply::{Held, Rendered, Reply},
};

/// A call, without its body.
struct Call {
    api: Arc<Api>,
    parts: Parts,
    body_limits: BodyLimits,
    began: Instant,
    body_deadline: Deadline,
    deadline: Deadline,
}

/// Answers a call by `handler`. Every call gets a response and a log line, even if its handler panics.
pub(crate) async fn handle<A, R, D, H, F>(
    api: Arc<Api>,
    metrics: RouteMetrics,
    request: Request,
    handler: H,
) -> Response
where
    A: Access,
    R: Arguments,
    D: Reply,
    H: FnOnce(Arc<Api>, A, R) -> F + Send,
    F: Future<Output = Result<D, ApiError>> + Send,
{
    let (call, mut body) = Call::new(api, A::body_limits, request);
    let Some(permit) = A::concurrency(&call.api).try_acquire() else {
        return call.reject(A::concurrency(&call.api).limit(), &metrics, body);
    };
    let mut in_flight = metrics.begin(call.began);
    let operation_id = operation_id::from_headers(&call.parts.headers, call.api.absent_operation_id);
    let span =
        info_span!("request", operation_id = operation_id.as_deref().unwrap_or_default(), route = metrics.route());
    let work = async move {
        let (operation_id, result) = match operation_id {
            Ok(operation_id) => {
                let permit = Arc::new(permit);
                let result = AssertUnwindSafe(call.dispatch(permit, &operation_id, &mut body, handler)).catch_unwind();
                let result = result.await.unwrap_or_else(|_| Err(ApiError::internal("the handler panicked")));
                (operation_id, result)
            }
            Err(error) => {
                drop(permit);
                (Arc::default(), Err(error))
            }
        };
        match result {
            Ok((rendered, permit, share)) => {
                info!(code = 0, latency_us = micros(call.began.elapsed()), "done");
                rendered.into_response(Held { in_flight, _permit: permit, _share: share }, call.api.request_timeout)
            }
            Err(error) => {
                // The permit is free again: a client that is slow to send its body must not keep others out.
                in_flight.failed(error.number());
                drop(in_flight);
                body.drain_until(call.body_deadline);
                call.fail(&error, &operation_id)
            }
        }
    };
    work.instrument(span).await
}

impl Call {
    fn new(api: Arc<Api>, body_limits: fn(&Api) -> BodyLimits, request: Request) -> (Self, RequestBody) {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let body = RequestBody::new(&parts.headers, body);
        let body_limits = body_limits(&api);
        let call = Self {
            parts,
            body_limits,
            began,
            body_deadline: Deadline::after(began, body_limits.timeout.min(api.request_timeout)),
            deadline: Deadline::after(began, api.request_timeout),
            api,
        };
        (call, body)
    }

    /// Authenticates the caller, reads the request, runs the handler and renders its data.
    ///
    /// A call that fails frees its permit, unless a write of it goes on. A call that succeeds keeps the permit, and its
    /// user's share, until the response is written.
    async fn dispatch<A, R, D, H, F>(
        &self,
        permit: Arc<Permit>,
        operation_id: &Arc<str>,
        body: &mut RequestBody,
        handler: H,
    ) -> Result<(Rendered, Arc<Permit>, Option<CallerShare>), ApiError>
    where
        A: Access,
        R: Arguments,
        D: Reply,
        H: FnOnce(Arc<Api>, A, R) -> F + Send,
        F: Future<Output = Result<D, ApiError>> + Send,
    {
        let api = &self.api;
        if api.requires_json {
            headers::check_content_type(&self.parts.headers)?;
        }
        let caller = self.deadline.run(A::grant(&*api.authenticate, operation_id, &self.parts)).await?;
        let caller = caller.keeping(Arc::clone(&permit));
        let mut share = self.share_of(&caller)?;
        self.parts.uri.query().map_or(Ok(()), |query| R::names().check_query(query))?;
        headers::check_codings(&self.parts.headers)?;
        let reading = body.read(self.body_limits.max_bytes, api.body_budget.reserve(), share.as_mut());
        let bytes = self.body_deadline.read_body(reading).await?;
        // The request in memory is about as large as its body, so the memory counts until the handler is done.
        let Decoded { request, ignored, memory } = self.deadline.run(decode_body(bytes)).await?;
        let data = self.deadline.run(handler(Arc::clone(api), caller, request)).await;
        let data = data.map_err(|error| error.beside_ignored(&ignored))?;
        drop(memory);
        if let Some(share) = &mut share {
            share.free_bytes();
        }
        Ok((data.render().map_err(ApiError::internal)?, permit, share))
    }

    /// The client or the last proxy, if the host's server says so.
    fn peer(&self) -> Option<SocketAddr> {
        self.parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)
    }

    /// A part of the caller's share of the permits.
    fn share_of(&self, caller: &impl Access) -> Result<Option<CallerShare>, ApiError> {
        let Some(user) = caller.limited_user() else { return Ok(None) };
        let shares = &self.api.caller_shares;
        let share = shares.try_acquire(user).ok_or_else(|| {
            let limit = shares.max_calls();
            let detail = format!("the limit of {limit} concurrent calls of one user is reached: try again in a moment");
            ApiError::new(Code::TooManyRequests, detail)
        })?;
        Ok(Some(share))
    }

    /// Answers a call for which no permit is free, at the least cost.
    fn reject(&self, limit: usize, metrics: &RouteMetrics, body: RequestBody) -> Response {
        let operation_id = operation_id::from_headers(&self.parts.headers, self.api.absent_operation_id);
        debug!(operation_id = operation_id.as_deref().unwrap_or_default(), route = metrics.route(), "rejected");
        metrics.rejected();
        self.api.concurrency.log_rejection();
        body.drain_until(self.body_deadline);
        envelope::too_many_requests(&format!("the limit of {limit} concurrent calls is reached: try again in a moment"))
    }

    /// Logs a failed call and answers it. The caller of an internal error learns only the operation ID.
    fn fail(&self, error: &ApiError, operation_id: &str) -> Response {
        let (code, latency_us) = (error.number(), micros(self.began.elapsed()));
        let detail = match error.code() {
            Some(Code::ServerInternal) => {
                error!(code, latency_us, cause = error.causes(), "failed");
                operation_id
            }
            Some(Code::TooManyRequests) => {
                debug!(code, latency_us, detail = error.detail(), "rejected");
                self.api.concurrency.log_rejection();
                error.detail()
            }
            _ => {
                info!(
                    code,
                    latency_us,
                    detail = error.detail(),
                    peer = self.peer().map(tracing::field::display),
                    "refused"
                );
                error.detail()
            }
        };
        error.to_response(detail)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
