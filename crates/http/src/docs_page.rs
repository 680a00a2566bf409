//! `/docs`: a page that describes every route and sends requests.
//!
//! The page is one file. It builds everything it shows from `openapi.json` beside it and loads nothing from elsewhere.

use axum::http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{page::Page, route::GetRoute};

pub(crate) const DOCS: GetRoute = GetRoute {
    path: "/docs",
    summary: "Get the documentation page",
    description: "Describes every route and sends requests.",
    content_type: "text/html",
    statuses: &[],
};

const STYLE: &str = concat!("\n", include_str!("docs_page/page.css"));
const SCRIPT: &str = concat!("\n", include_str!("docs_page/page.js"));

/// The page. Its policy lets it run only its own script, use only its own style, and call only the server that it came
/// from.
pub(crate) fn page() -> Page {
    let (head, body) = (include_str!("docs_page/head.html"), include_str!("docs_page/body.html"));
    let page = format!("{head}<style>{STYLE}</style>\n{body}<script>{SCRIPT}</script>\n");
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        source(STYLE),
        source(SCRIPT)
    );
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy.try_into().expect("a hash is ASCII")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Page::new(headers, page)
}

/// The source expression that matches exactly `text`, by its hash.
fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
