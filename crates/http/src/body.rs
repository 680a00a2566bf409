//! Reading a request's body, of which nobody knows how long it is and when it comes.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use conversation_settings_core::{ArgsError, Path, Violation};
use conversation_settings_openim::Code;
use http_body_util::BodyExt;

use crate::ApiError;

/// How much of a body that nobody wants is read all the same. A client that still sends does not look for an answer; so
/// without this it would find its connection gone instead.
const MAX_UNWANTED_BYTES: usize = 64 * 1024 * 1024;

/// A body that is still to come.
pub(crate) struct RequestBody {
    body: Body,
    /// The length that the client says it has.
    announced: Option<u64>,
    /// Whether the client waits to be asked for it, and has not been.
    is_held_back: bool,
}

impl RequestBody {
    pub(crate) fn new(headers: &HeaderMap, body: Body) -> Self {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self { body, announced, is_held_back: headers.contains_key(header::EXPECT) }
    }

    /// The whole body, of at most `limit` bytes.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<Bytes, ApiError> {
        if self.announced.is_some_and(|length| length > limit as u64) {
            return Err(too_large(limit));
        }
        let first = self.next().await?.unwrap_or_default();
        let mut next = self.next().await?;
        if next.is_none() && first.len() <= limit {
            // Most come in one piece, which is taken as it is.
            return Ok(first);
        }
        let mut whole = Vec::from(first);
        while let Some(piece) = next {
            whole.extend_from_slice(&piece);
            if whole.len() > limit {
                return Err(too_large(limit));
            }
            next = self.next().await?;
        }
        if whole.len() > limit { Err(too_large(limit)) } else { Ok(whole.into()) }
    }

    /// Reads what is still to come, and forgets it.
    pub(crate) async fn discard(&mut self) {
        if self.is_held_back {
            return;
        }
        let mut read = 0;
        while let Ok(Some(piece)) = self.next().await {
            read += piece.len();
            if read > MAX_UNWANTED_BYTES {
                return;
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        self.is_held_back = false;
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // What is not data is a trailer, which means nothing here.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(_)) => {
                    return Err(ApiError::new(Code::Args, "body: ends too early or is not sent as HTTP has it"));
                }
            }
        }
    }
}

fn too_large(limit: usize) -> ApiError {
    ArgsError::new(Path::Decoded(String::new()), Violation::Rule(format!("must be at most {limit} bytes").into()))
        .into()
}
