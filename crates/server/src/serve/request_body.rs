//! The body of a request, which keeps its request in progress.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Bytes, HttpBody},
    http::{HeaderMap, header::EXPECT},
};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{runtime::Handle, time::timeout};

use super::activity::BodyGuard;

/// How much of a body is drained that nobody reads, and for how long.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A body whose request is in progress until the body is dropped. A call may be refused by its headers, and its body be
/// drained while the response is sent.
///
/// A body that nobody begins to read, for example at an unknown path, is drained too. Otherwise the connection would end
/// while the client sends the body, and a client that reads the response after that would lose it.
pub(super) struct RequestBody {
    /// `None` in a body that is being drained.
    body: Option<(Incoming, BodyGuard)>,
    is_unread: bool,
}

impl RequestBody {
    /// The body of a request with these `headers`. A client that waits for `100 Continue` has not begun to send it.
    pub(super) fn new(headers: &HeaderMap, body: Incoming, request: BodyGuard) -> Self {
        let is_unread = !headers.contains_key(EXPECT);
        Self { body: Some((body, request)), is_unread }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some((body, request)) = self.body.take() else { return };
        if !self.is_unread || body.is_end_stream() {
            return;
        }
        // At the very end of the process there is no runtime.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let mut rest = Limited::new(body, MAX_DRAINED_BYTES);
            let _ = timeout(DRAIN_TIME, async { while let Some(Ok(_)) = rest.frame().await {} }).await;
            drop(request);
        });
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_unread = false;
        match &mut self.body {
            Some((body, _)) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), |(body, _)| body.size_hint())
    }
}
