//! What a scraper asks.

use std::{fmt, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header::CONTENT_TYPE},
};

use crate::openapi::GetRoute;

pub(super) const METRICS: GetRoute = GetRoute {
    path: "/metrics",
    summary: "What the process has counted and timed",
    description: "In Prometheus' text format.",
    content_type: "text/plain",
    statuses: &[],
};

/// The text format of Prometheus.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What writes the metrics of this process as Prometheus reads them.
#[derive(Clone)]
pub(crate) struct Rendering(Arc<dyn Fn() -> String + Send + Sync>);

impl Rendering {
    pub(crate) fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }

    /// The metrics as they are now.
    pub(super) fn answer(&self) -> Response<Body> {
        let mut response = Response::new(Body::from((self.0)()));
        response.headers_mut().insert(CONTENT_TYPE, FORMAT);
        response
    }
}

impl fmt::Debug for Rendering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rendering(…)")
    }
}
