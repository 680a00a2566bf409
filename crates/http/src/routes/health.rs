//! What whoever runs the server asks.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use tokio::time::Instant;
use tracing::warn;

use crate::{Api, ApiError, deadline::Deadline, envelope, openapi::GetRoute};

pub(super) const HEALTHZ: GetRoute = GetRoute {
    path: "/healthz",
    summary: "Whether the process serves",
    description: "It answers without asking the store.",
    content_type: "application/json",
    statuses: &[],
};

/// Whether the process serves.
pub(super) async fn healthz(_: Arc<Api>) -> Response<Body> {
    envelope::success(()).unwrap_or_else(|failure| unavailable(&failure))
}

pub(super) const READYZ: GetRoute = GetRoute {
    path: "/readyz",
    summary: "Whether calls can be done now",
    description: "The store is asked.",
    content_type: "application/json",
    statuses: &[("503", "The store cannot be asked now.")],
};

/// Whether calls can be done now: the store is asked.
pub(super) async fn readyz(host: Arc<Api>) -> Response<Body> {
    let deadline = Deadline::after(Instant::now(), host.request_timeout);
    let ready = async { host.service.ready().await.map_err(ApiError::internal) };
    match deadline.run(ready).await.and_then(envelope::success) {
        Ok(response) => response,
        Err(failure) => unavailable(&failure),
    }
}

/// Told by the status too, which is what those who ask look at.
fn unavailable(failure: &ApiError) -> Response<Body> {
    warn!(cause = failure.chain(), "not ready");
    envelope::failure_with(StatusCode::SERVICE_UNAVAILABLE, failure.code, "the store cannot be asked now")
}
