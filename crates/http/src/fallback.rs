//! Responses to requests that no route serves.

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use conversation_settings_openim::Code;

use crate::{cors, envelope, headers};

/// Responds to unknown paths with status 404: a fallback for a whole server.
///
/// Pages of any origin may read the response, so a developer sees that the path is wrong.
pub async fn not_found(method: Method) -> Response {
    if method == Method::OPTIONS {
        return options().await;
    }
    cors::allow(respond("the path does not exist"))
}

/// Like [`not_found`], with the `path` that the client seems to mean.
pub async fn not_found_but(method: Method, path: &str) -> Response {
    if method == Method::OPTIONS {
        return options().await;
    }
    cors::allow(respond(&format!("the path does not exist: {path} does")))
}

/// Responds with status 429 on a connection beyond the `limit` of a server's connections.
#[must_use]
pub fn too_many_connections(limit: usize) -> Response {
    let detail = format!("the limit of {limit} connections is reached: try again in a moment");
    cors::allow(headers::forbid_sniffing(envelope::too_many_requests(&detail)))
}

/// Status 404 instead of 405, as OpenIM has it.
pub(crate) async fn wrong_method() -> Response {
    respond("the path does not support this method")
}

fn respond(detail: &str) -> Response {
    headers::forbid_sniffing(envelope::failure(StatusCode::NOT_FOUND, Code::RecordNotFound, detail))
}

/// OpenIM's response to OPTIONS. Browsers read only its headers.
pub(crate) async fn options() -> Response {
    cors::allow_calls(headers::forbid_sniffing(Json("Options Request!").into_response()))
}
