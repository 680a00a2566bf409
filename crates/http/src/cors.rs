//! What a browser wants to hear before it lets a page of another origin call.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, header},
};

/// Any origin may call: who calls is told by a header that no browser sends by itself.
const READABLE: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("false")),
];

/// What a browser asks for before the call itself.
const CALLABLE: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("*")),
    // A browser that does not know the star needs names, and each needs that of `authorization`.
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("*, authorization, content-type, operationid, token"),
    ),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800")),
];

/// The same answer, which a page of any origin may read.
pub(crate) fn allow(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().extend(READABLE);
    response
}

/// The same answer, which tells that a page of any origin may call.
pub(crate) fn allow_calls(response: Response<Body>) -> Response<Body> {
    let mut response = allow(response);
    response.headers_mut().extend(CALLABLE);
    response
}
