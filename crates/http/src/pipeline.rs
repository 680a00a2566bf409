//! What every call has in common, from the operation ID to the envelope.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{HeaderMap, request::Parts},
    response::Response,
};
use conversation_settings_openim::Code;
use futures_util::FutureExt;
use serde::Serialize;
use tokio::time::Instant;
use tracing::{Instrument, debug, error, info, info_span};

use crate::{
    Api, ApiError,
    access::Access,
    body::RequestBody,
    concurrency_limit::Permit,
    deadline::Deadline,
    decode::{Arguments, decode},
    envelope,
    metrics::RouteMetrics,
    operation_id,
};

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
    D: Serialize + Send,
    H: FnOnce(Arc<Api>, A, R) -> F + Send,
    F: Future<Output = Result<D, ApiError>> + Send,
{
    let began = Instant::now();
    let deadline = Deadline::after(began, api.request_timeout);
    let (parts, body) = request.into_parts();
    let mut body = RequestBody::new(&parts.headers, body);
    let Some(permit) = api.concurrency.try_acquire() else {
        return reject(&api, &metrics, &parts.headers, body, deadline).await;
    };
    let in_flight = metrics.begin(began);
    let operation_id = operation_id::from_headers(&parts.headers);
    let span =
        info_span!("request", operation_id = operation_id.as_deref().unwrap_or_default(), route = metrics.route());
    let work = async move {
        let (operation_id, result) = match operation_id {
            Ok(operation_id) => {
                let call = dispatch(api, permit, &operation_id, &parts, &mut body, deadline, handler);
                let result = AssertUnwindSafe(call).catch_unwind().await;
                (operation_id, result.unwrap_or_else(|_| Err(ApiError::internal("the handler panicked"))))
            }
            Err(error) => {
                drop(permit);
                (Arc::default(), Err(error))
            }
        };
        match result {
            Ok(data) => {
                let response = envelope::success(data);
                in_flight.succeeded();
                info!(code = 0, latency_us = micros(began.elapsed()), "done");
                response
            }
            Err(error) => {
                // The permit is free again: a client that is slow to send its body must not keep others out.
                deadline.drain(body.drain()).await;
                in_flight.failed(error.code());
                fail(&error, &operation_id, began.elapsed())
            }
        }
    };
    work.instrument(span).await
}

/// Authenticates the caller, reads the request and runs the handler. Holds the permit until then.
async fn dispatch<A, R, D, H, F>(
    api: Arc<Api>,
    _permit: Permit,
    operation_id: &Arc<str>,
    parts: &Parts,
    body: &mut RequestBody,
    deadline: Deadline,
    handler: H,
) -> Result<D, ApiError>
where
    A: Access,
    R: Arguments,
    H: FnOnce(Arc<Api>, A, R) -> F + Send,
    F: Future<Output = Result<D, ApiError>> + Send,
{
    let caller = deadline.run(A::grant(&*api.authenticate, operation_id, &parts.headers)).await?;
    parts.uri.query().map_or(Ok(()), |query| R::names().check_query(query))?;
    let bytes = deadline.read_body(body.read(api.max_body_bytes)).await?;
    let request = decode(&bytes)?;
    drop(bytes);
    deadline.run(handler(api, caller, request)).await
}

/// Answers a call for which no permit is free, at the least cost.
async fn reject(
    api: &Api,
    metrics: &RouteMetrics,
    headers: &HeaderMap,
    mut body: RequestBody,
    deadline: Deadline,
) -> Response {
    let operation_id = operation_id::from_headers(headers);
    debug!(operation_id = operation_id.as_deref().unwrap_or_default(), route = metrics.route(), "rejected");
    metrics.rejected();
    deadline.drain(body.drain()).await;
    api.concurrency.log_rejection();
    let limit = api.concurrency.limit();
    envelope::too_many_requests(&format!("the limit of {limit} concurrent calls is reached: try again in a moment"))
}

/// Logs a failed call and answers it. The caller of an internal error learns only the operation ID.
fn fail(error: &ApiError, operation_id: &str, latency: Duration) -> Response {
    let (code, latency_us) = (error.code().number(), micros(latency));
    if error.code() == Code::ServerInternal {
        error!(code, latency_us, cause = error.causes(), "failed");
        return envelope::failure(error.code(), operation_id);
    }
    info!(code, latency_us, detail = error.detail(), "refused");
    envelope::failure(error.code(), error.detail())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
