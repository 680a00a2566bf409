//! The body of a response, which keeps its request in progress.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::{
    activity::RequestGuard,
    http2::{PIECE_BYTES, note_producing, note_waiting},
};

/// A body whose request is in progress until the body is written. The body exists as long, with what it holds: for example
/// the right to be one of the calls at the same time.
///
/// In HTTP/2 it ends when the last piece waits in the send buffer, which is small.
pub(super) struct ResponseBody {
    body: Body,
    /// The rest of a large piece, of which HTTP/2 gets small ones.
    rest: Bytes,
    is_http2: bool,
    request: Option<RequestGuard>,
}

impl ResponseBody {
    pub(super) fn new(body: Body, is_http2: bool, request: RequestGuard) -> Self {
        note_waiting(0);
        Self { body, rest: Bytes::new(), is_http2, request: Some(request) }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if let Some(request) = self.request.take_if(|_| !self.is_http2) {
            request.keep_until_written(mem::take(&mut self.body));
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if !self.is_http2 {
            return Pin::new(&mut self.body).poll_frame(cx);
        }
        if self.rest.is_empty() {
            note_producing();
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => {
                        note_waiting(0);
                        return Poll::Ready(Some(Ok(trailers)));
                    }
                },
                other => return other,
            }
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        note_waiting(piece);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let mut hint = self.body.size_hint();
        if rest > 0 {
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper + rest);
            }
            hint.set_lower(hint.lower() + rest);
        }
        hint
    }
}
