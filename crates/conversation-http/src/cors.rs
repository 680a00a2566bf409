//! What a browser wants to hear before it lets a page of another origin call.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, header},
};

/// Any origin may call: who calls is told by a header that no browser sends by itself.
const ALLOWED: [(HeaderName, HeaderValue); 6] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("*")),
    // A browser that does not know the star needs names, and each needs that of `authorization`.
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("*, authorization, content-type, operationid, token"),
    ),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("false")),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800")),
];

/// The same answer, which a page of any origin may read.
pub(crate) fn allow(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().extend(ALLOWED);
    response
}
