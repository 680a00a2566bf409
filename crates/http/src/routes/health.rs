//! Health checks.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use tokio::time::Instant;
use tracing::warn;

use crate::{Api, ApiError, deadline::Deadline, envelope, route::GetRoute};

pub(super) const HEALTHZ: GetRoute = GetRoute {
    path: "/healthz",
    summary: "Check that the process runs",
    description: "Responds without asking the store.",
    content_type: "application/json",
    statuses: &[],
};

pub(super) async fn healthz(_: Arc<Api>) -> Response {
    envelope::success(())
}

pub(super) const READYZ: GetRoute = GetRoute {
    path: "/readyz",
    summary: "Check that calls can succeed",
    description: "Asks the store.",
    content_type: "application/json",
    statuses: &[("503", "The store is not available.")],
};

pub(super) async fn readyz(api: Arc<Api>) -> Response {
    let deadline = Deadline::after(Instant::now(), api.request_timeout);
    let ready = async { api.service.ready().await.map_err(ApiError::internal) };
    match deadline.run(ready).await {
        Ok(()) => envelope::success(()),
        Err(error) => {
            warn!(cause = error.causes(), "not ready");
            // Load balancers read the status, not the envelope.
            envelope::failure_with(StatusCode::SERVICE_UNAVAILABLE, error.code(), "the store is not available")
        }
    }
}
