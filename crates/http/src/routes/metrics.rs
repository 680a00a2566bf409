//! Metrics for a scraper.

use axum::{
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::{metrics_text::MetricsText, route::GetRoute};

pub(super) const METRICS: GetRoute = GetRoute {
    path: "/metrics",
    summary: "Get the metrics of the process",
    description: "In Prometheus' text format.",
    content_type: "text/plain",
    statuses: &[],
};

/// Prometheus' text format.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) fn metrics(text: &MetricsText) -> Response {
    ([(CONTENT_TYPE, FORMAT)], text.render()).into_response()
}
