//! The way that every call goes, from the operation ID to the envelope.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Request, Response},
};
use conversation_settings_openim::Code;
use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;
use tracing::{Instrument, debug, error, info, info_span};

use crate::{
    Api, ApiError, access::Access, body::RequestBody, concurrency_limit::Permit, deadline::Deadline, decode::decode,
    envelope, metrics::RouteMetrics, operation_id,
};

/// Answers a call of a route by `handler`. Whatever happens, there is an answer, and a line in the log.
pub(crate) async fn handle<A, R, D, H, F>(
    host: Arc<Api>,
    route: RouteMetrics,
    request: Request<Body>,
    handler: H,
) -> Response<Body>
where
    A: Access,
    R: DeserializeOwned + Send,
    D: Serialize + Send,
    H: FnOnce(Arc<Api>, A, R) -> F + Send,
    F: Future<Output = Result<D, ApiError>> + Send,
{
    let began = Instant::now();
    let deadline = Deadline::after(began, host.request_timeout);
    let Some(permit) = host.concurrency.try_acquire() else {
        return reject(&host, &route, request, deadline).await;
    };
    let measured = route.call(began);
    let operation_id = operation_id::of(request.headers());
    let span = info_span!("request", operation_id = operation_id.as_deref().unwrap_or_default(), route = route.route());
    let work = async move {
        let (head, body) = request.into_parts();
        let mut body = RequestBody::new(&head.headers, body);
        let (operation_id, answer) = match operation_id {
            Ok(operation_id) => {
                let call = dispatch(host, permit, &operation_id, &head.headers, &mut body, deadline, handler);
                let answer = AssertUnwindSafe(call).catch_unwind().await;
                (operation_id, answer.unwrap_or_else(|_| Err(ApiError::internal("a defect has stopped this call"))))
            }
            Err(failure) => {
                drop(permit);
                (Arc::default(), Err(failure))
            }
        };
        match answer {
            Ok(response) => {
                measured.done();
                info!(code = 0, latency_us = micros(began.elapsed()), "done");
                response
            }
            Err(failure) => {
                // Who still sends its body does not look for an answer yet, and keeps no place from others.
                deadline.drain(body.discard()).await;
                measured.refused(failure.code);
                refuse(&failure, &operation_id, began.elapsed())
            }
        }
    };
    work.instrument(span).await
}

/// Answers a call for which there is no place, at as little cost as can be.
async fn reject(host: &Api, route: &RouteMetrics, request: Request<Body>, deadline: Deadline) -> Response<Body> {
    debug!(
        operation_id = operation_id::of(request.headers()).as_deref().unwrap_or_default(),
        route = route.route(),
        "turned away"
    );
    route.rejected();
    let (head, body) = request.into_parts();
    deadline.drain(RequestBody::new(&head.headers, body).discard()).await;
    host.concurrency.reject()
}

/// The call itself, which has `place` until it is done.
async fn dispatch<A, R, D, H, F>(
    host: Arc<Api>,
    _permit: Permit,
    operation_id: &Arc<str>,
    headers: &HeaderMap,
    body: &mut RequestBody,
    deadline: Deadline,
    handler: H,
) -> Result<Response<Body>, ApiError>
where
    A: Access,
    R: DeserializeOwned + Send,
    D: Serialize + Send,
    H: FnOnce(Arc<Api>, A, R) -> F + Send,
    F: Future<Output = Result<D, ApiError>> + Send,
{
    let admitted = deadline.run(A::grant(&host, operation_id, headers)).await?;
    let bytes = deadline.read_body(body.read(host.max_body_bytes)).await?;
    let request = decode(&bytes)?;
    drop(bytes);
    let data = deadline.run(handler(host, admitted, request)).await?;
    envelope::success(data)
}

/// The answer of a call that was not done: of what went wrong inside, the caller is told the operation ID alone.
fn refuse(failure: &ApiError, operation_id: &str, latency: Duration) -> Response<Body> {
    let (code, latency_us) = (failure.code.number(), micros(latency));
    if failure.code == Code::ServerInternal {
        error!(code, latency_us, cause = failure.chain(), "failed");
        return envelope::failure(failure.code, operation_id);
    }
    info!(code, latency_us, detail = &*failure.detail, "refused");
    envelope::failure(failure.code, &failure.detail)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
