//! What every answer is wrapped in.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};
use conversation_settings_openim::Code;
use serde::Serialize;

use crate::ApiError;

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

/// The answer of a call that was done.
pub(crate) fn success(data: impl Serialize) -> Result<Response<Body>, ApiError> {
    let envelope = Envelope { err_code: 0, err_msg: "", err_dlt: "", data: Some(data) };
    let json = serde_json::to_vec(&envelope).map_err(ApiError::internal)?;
    Ok(response(StatusCode::OK, json))
}

/// The answer of a call that was not.
pub(crate) fn failure(code: Code, detail: &str) -> Response<Body> {
    failure_with(StatusCode::OK, code, detail)
}

/// The same under another HTTP status, for what is no call at all.
pub(crate) fn failure_with(status: StatusCode, code: Code, detail: &str) -> Response<Body> {
    let envelope = Envelope::<()> { err_code: code.number(), err_msg: code.name(), err_dlt: detail, data: None };
    // A number and three strings can always be written.
    response(status, serde_json::to_vec(&envelope).unwrap_or_default())
}

/// An answer in JSON.
pub(crate) fn response(status: StatusCode, json: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
