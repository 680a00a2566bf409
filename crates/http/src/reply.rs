//! What a handler returns, and the body that it becomes.

mod body;
mod chunks;
mod list;
mod producer;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller_shares::CallerShare, concurrency_limit::Permit, envelope::envelope, metrics::InFlight};

pub(crate) use list::{List, LongList};

use body::ReplyBody;
use chunks::Chunks;
use list::Rest;

/// What a handler returns: the envelope's `data`.
pub(crate) trait Reply: Send {
    /// The type that describes the data.
    type Schema: ToSchema;

    /// The body that contains the data.
    fn render(self) -> serde_json::Result<Rendered>;
}

impl<D: Serialize + ToSchema + Send> Reply for D {
    type Schema = D;

    fn render(self) -> serde_json::Result<Rendered> {
        Ok(Rendered { chunks: Chunks::of(&envelope(self))?, rest: None })
    }
}

/// A body, or the beginning of one.
pub(crate) struct Rendered {
    chunks: Chunks,
    /// What is read only when the client has received the beginning.
    rest: Option<Rest>,
}

/// What a call takes until its response is written.
pub(crate) struct Held {
    pub(crate) in_flight: InFlight,
    pub(crate) _permit: Arc<Permit>,
    pub(crate) _share: Option<CallerShare>,
}

impl Rendered {
    /// The response of a successful call. `held` is freed when the response is written or the client is gone.
    ///
    /// Each part of a long response must be received within `timeout`.
    pub(crate) fn into_response(self, held: Held, timeout: Duration) -> Response {
        let Self { chunks, rest } = self;
        let body = match chunks.into_single() {
            Ok(chunk) if rest.is_none() => ReplyBody::whole(chunk, held),
            Ok(chunk) => producer::start(vec![chunk], rest, held, timeout),
            Err(chunks) => producer::start(chunks, rest, held, timeout),
        };
        let mut response = Response::new(Body::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
