//! Metrics for a scraper.

use axum::{http::HeaderMap, response::Response};

use crate::{metrics_text::MetricsText, route::GetRoute};

pub(super) const METRICS: GetRoute = GetRoute {
    path: "/metrics",
    summary: "Get the metrics of the process",
    description: "In Prometheus' text format. Requests that follow one another quickly get the same text.",
    content_type: "text/plain",
    statuses: &[],
};

pub(super) fn metrics(text: &MetricsText, headers: &HeaderMap) -> Response {
    text.page().response(headers)
}
