//! One request to the receiver.

use conversation_settings_http_client::{HttpClient, RequestError, StatusCode, header::HeaderMap};

/// The most bytes of a response that are read. An unread response closes its connection.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The receiver did not accept the events.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// It never will.
    #[error("the receiver responded with {0}")]
    Refused(StatusCode),
    /// It may later.
    #[error("the receiver responded with {0}")]
    Status(StatusCode),
    /// It may later.
    #[error(transparent)]
    Unreachable(#[from] RequestError),
    /// The system has no random numbers for the ID of the request.
    #[error("the system has no random numbers")]
    Random(#[from] getrandom::Error),
}

/// Posts `body` with `headers`, and judges the response by its status.
pub(crate) async fn post(client: &HttpClient, headers: HeaderMap, body: Vec<u8>) -> Result<(), DeliveryError> {
    let response = client.post(headers, body).await?;
    let status = response.status();
    // The status says everything. The body is read so that the connection can be reused.
    drop(response.read(MAX_RESPONSE_BYTES).await);
    match status {
        status if status.is_success() => Ok(()),
        status if is_refusal(status) => Err(DeliveryError::Refused(status)),
        status => Err(DeliveryError::Status(status)),
    }
}

/// Whether `status` judges these events, so that sending them again is pointless. Any other status can come from a proxy,
/// a deploy or a wrong setting, which somebody repairs: 401, 403, 404 and 405 as well.
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

impl DeliveryError {
    pub(crate) const fn is_retryable(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Unreachable(_) | Self::Random(_))
    }

    /// The value of the label `result` or `reason`.
    pub(crate) const fn result(&self) -> &'static str {
        if self.is_retryable() { "failed" } else { "refused" }
    }
}
