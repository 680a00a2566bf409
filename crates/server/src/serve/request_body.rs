//! The body of a request, which keeps its request in progress.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::activity::BodyGuard;

/// A body whose request is in progress until the body is dropped. A call may be refused by its headers and its body be
/// drained while the response is sent.
pub(super) struct RequestBody {
    body: Incoming,
    _request: BodyGuard,
}

impl RequestBody {
    pub(super) const fn new(body: Incoming, request: BodyGuard) -> Self {
        Self { body, _request: request }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
