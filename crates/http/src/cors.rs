//! Headers that let pages of any origin call the API.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Every origin is safe if callers are authenticated by a header, which browsers never send on their own.
const READABLE: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("false")),
];

const CALLABLE: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("*")),
    // Names for old browsers, which do not support `*`. `*` never includes `authorization`.
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("*, authorization, content-type, operationid, token"),
    ),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800")),
];

/// Lets pages of any origin read the response.
pub(crate) fn allow(mut response: Response) -> Response {
    response.headers_mut().extend(READABLE);
    response
}

/// Lets pages of any origin make calls: the response to a preflight request.
pub(crate) fn allow_calls(response: Response) -> Response {
    let mut response = allow(response);
    response.headers_mut().extend(CALLABLE);
    response
}
