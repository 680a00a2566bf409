//! The page from which a person can read about every route and call it: `/docs`.
//!
//! It is one file without a reference to another: what it shows comes from `openapi.json` beside it, so that it knows every
//! route, and nothing is fetched from elsewhere.

use axum::{
    body::Body,
    http::{
        HeaderValue, Response,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
};

use crate::openapi::GetRoute;

/// The page's own route.
pub(crate) const DOCS: GetRoute = GetRoute {
    path: "/docs",
    summary: "This page",
    description: "Every route, to read about and to call.",
    content_type: "text/html",
    statuses: &[],
};

const PAGE: &str = concat!(
    include_str!("docs_page/head.html"),
    "<style>\n",
    include_str!("docs_page/page.css"),
    "</style>\n",
    include_str!("docs_page/body.html"),
    "<script>\n",
    include_str!("docs_page/page.js"),
    "</script>\n",
);

/// It may run its own script, and talk to the server that it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The answer to whoever asks for it.
pub(crate) fn answer() -> Response<Body> {
    let mut response = Response::new(Body::from(PAGE));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
