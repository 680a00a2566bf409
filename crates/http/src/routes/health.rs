//! Health checks.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use conversation_settings_openim::Code;
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

pub(super) async fn healthz(_: Arc<Api>, _: HeaderMap) -> Response {
    envelope::success()
}

pub(super) const READYZ: GetRoute = GetRoute {
    path: "/readyz",
    summary: "Check that calls can succeed",
    description: "Asks the store, at most once a second. Requests within that second get the same answer.",
    content_type: "application/json",
    statuses: &[("503", "The store is not available.")],
};

pub(super) async fn readyz(api: Arc<Api>, _: HeaderMap) -> Response {
    let (service, limit) = (api.service.clone(), api.request_timeout);
    let ask = async move {
        let answer = async { service.ready().await.map_err(ApiError::internal) };
        let answer = Deadline::after(Instant::now(), limit).run(answer).await;
        answer.inspect_err(|error| warn!(cause = error.causes(), "not ready")).is_ok()
    };
    if api.readiness.get(ask).await {
        envelope::success()
    } else {
        // Load balancers read the status, not the envelope.
        let detail = "the store is not available";
        envelope::failure(StatusCode::SERVICE_UNAVAILABLE, Code::ServerInternal, detail)
    }
}
