//! Headers of requests that every call checks, and headers that every response has.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};
use conversation_settings_openim::Code;

use crate::ApiError;

/// Refuses a header that occurs more than once: a gateway that checks one of them must check the one that counts.
pub(crate) fn at_most_once(headers: &HeaderMap, name: &str) -> Result<(), ApiError> {
    match headers.get_all(name).iter().count() {
        0 | 1 => Ok(()),
        got => Err(ApiError::new(Code::Args, format!("header {name}: must occur once, got {got}"))),
    }
}

/// Refuses bodies that are not declared as JSON: what a browser sends to another origin without asking it first.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    at_most_once(headers, CONTENT_TYPE.as_str())?;
    let value = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    // Parameters such as `charset=utf-8` follow a semicolon.
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") {
        return Ok(());
    }
    let error = ApiError::new(Code::Args, "header content-type: must be application/json");
    Err(error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

/// Refuses bodies that would have to be decoded first.
pub(crate) fn check_codings(headers: &HeaderMap) -> Result<(), ApiError> {
    for (name, accepted, status) in [
        (CONTENT_ENCODING, "identity", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (TRANSFER_ENCODING, "chunked", StatusCode::NOT_IMPLEMENTED),
    ] {
        if headers.get_all(&name).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(accepted.as_bytes())) {
            let detail = format!("header {name}: must be absent or {accepted}");
            return Err(ApiError::new(Code::Args, detail).with_status(status));
        }
    }
    Ok(())
}

/// Keeps browsers from guessing another type than the response says.
pub(crate) fn forbid_sniffing(mut response: Response) -> Response {
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Keeps every cache from storing the response.
pub(crate) fn forbid_storing(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
