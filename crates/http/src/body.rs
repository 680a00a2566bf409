//! The body of a request, read within a limit.

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, header},
};
use conversation_settings_core::{ArgsError, Path, Violation};
use conversation_settings_openim::Code;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::ApiError;

/// The most bytes that are drained from a rejected body. Most clients read the response only after they have sent the
/// whole body.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// A body that has not been read.
pub(crate) struct RequestBody {
    body: Body,
    /// Whether the client waits for `100 Continue` before it sends the body. Reading the body sends that.
    awaits_continue: bool,
}

impl RequestBody {
    pub(crate) fn new(headers: &HeaderMap, body: Body) -> Self {
        Self { body, awaits_continue: headers.contains_key(header::EXPECT) }
    }

    /// The whole body, of at most `limit` bytes.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<Bytes, ApiError> {
        if self.body.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        self.awaits_continue = false;
        match Limited::new(&mut self.body, limit).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
            Err(_) => Err(ApiError::new(Code::Args, "body: is incomplete or not valid HTTP")),
        }
    }

    /// Drains the rest of a rejected body, so that the client reads the response.
    pub(crate) async fn drain(&mut self) {
        if !self.awaits_continue {
            let mut rest = Limited::new(&mut self.body, MAX_DRAINED_BYTES);
            while let Some(Ok(_)) = rest.frame().await {}
        }
    }
}

fn too_large(limit: usize) -> ApiError {
    let violation = Violation::Rule(format!("must be at most {limit} bytes").into());
    ArgsError::new(Path::Decoded(String::new()), violation).into()
}
