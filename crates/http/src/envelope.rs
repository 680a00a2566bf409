//! The JSON that every response is wrapped in.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use conversation_settings_openim::Code;
use serde::Serialize;

/// OpenIM's envelope, its keys in OpenIM's order. A failure has no `data`; a success without data has `null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, D> {
    err_code: i32,
    err_msg: &'a str,
    err_dlt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
}

/// The response of a call that succeeded.
pub(crate) fn success(data: impl Serialize) -> Response {
    Json(Envelope { err_code: 0, err_msg: "", err_dlt: "", data: Some(data) }).into_response()
}

/// The response of a call that failed.
pub(crate) fn failure(code: Code, detail: &str) -> Response {
    let (number, name) = (code.number(), code.name());
    Json(Envelope::<()> { err_code: number, err_msg: name, err_dlt: detail, data: None }).into_response()
}

/// A failure with another HTTP status than 200.
pub(crate) fn failure_with(status: StatusCode, code: Code, detail: &str) -> Response {
    (status, failure(code, detail)).into_response()
}

/// The response of a call beyond a limit: status 429, as OpenIM has it, so that proxies back off
/// too.
pub(crate) fn too_many_requests(detail: &str) -> Response {
    let response = failure_with(StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests, detail);
    ([(RETRY_AFTER, HeaderValue::from_static("1"))], response).into_response()
}
