//! Responses to requests that no route serves.

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use conversation_settings_openim::Code;

use crate::{cors, envelope};

/// Responds to unknown paths with status 404: a fallback for a whole server.
///
/// Pages of any origin may read the response, so a developer sees that the path is wrong.
pub async fn not_found(method: Method) -> Response {
    if method == Method::OPTIONS {
        return options().await;
    }
    cors::allow(envelope::failure_with(StatusCode::NOT_FOUND, Code::RecordNotFound, "the path does not exist"))
}

/// Responds with status 429 on a connection beyond the `limit` of a server's connections.
#[must_use]
pub fn too_many_connections(limit: usize) -> Response {
    let detail = format!("the limit of {limit} connections is reached: try again in a moment");
    cors::allow(envelope::too_many_requests(&detail))
}

/// Status 404 instead of 405, as OpenIM has it.
pub(crate) async fn wrong_method() -> Response {
    envelope::failure_with(StatusCode::NOT_FOUND, Code::RecordNotFound, "the path does not support this method")
}

/// OpenIM's response to OPTIONS. Browsers read only its headers.
pub(crate) async fn options() -> Response {
    cors::allow_calls(Json("Options Request!").into_response())
}
