//! `/docs`: a page that describes every route and sends requests.
//!
//! The page is one file. It builds everything it shows from `openapi.json` beside it and loads nothing from elsewhere.

use axum::{
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    response::{IntoResponse, Response},
};

use crate::route::GetRoute;

pub(crate) const DOCS: GetRoute = GetRoute {
    path: "/docs",
    summary: "Get the documentation page",
    description: "Describes every route and sends requests.",
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

/// The page runs only its own script and calls only the server that it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn response() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, PAGE).into_response()
}
