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
pub(crate) struct Envelope<'a, D> {
    err_code: i32,
    err_msg: &'a str,
    err_dlt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
}

/// The envelope of `data`.
pub(crate) const fn envelope<D>(data: D) -> Envelope<'static, D> {
    Envelope { err_code: 0, err_msg: "", err_dlt: "", data: Some(data) }
}

/// The response of a request without data that succeeded.
pub(crate) fn success() -> Response {
    Json(envelope(())).into_response()
}

/// The response of a request that failed. Clients may try again a moment after status 429.
pub(crate) fn failure(status: StatusCode, code: Code, detail: &str) -> Response {
    failure_of(status, code.number(), code.name(), detail)
}

/// Like [`failure`], with any number and name.
pub(crate) fn failure_of(status: StatusCode, number: i32, name: &str, detail: &str) -> Response {
    let envelope = Envelope::<()> { err_code: number, err_msg: name, err_dlt: detail, data: None };
    let mut response = (status, Json(envelope)).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The response of a call beyond a limit.
pub(crate) fn too_many_requests(detail: &str) -> Response {
    failure(StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests, detail)
}
