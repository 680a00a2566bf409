//! The body of a successful response.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::Receiver;

use super::Held;

/// A body that ends its call when it is written, or dropped because the client is gone.
pub(crate) enum ReplyBody {
    /// One chunk, and what its call takes.
    Whole { chunk: Option<Bytes>, held: Held },
    /// Parts from a task, which holds what the call takes.
    Parts(Parts),
}

pub(crate) struct Parts {
    receiver: Receiver<Part>,
    /// The bytes that are left, if the size is known.
    left: Option<u64>,
    /// Whether every part was received. The task reads it.
    is_complete: Arc<AtomicBool>,
}

/// What the task sends.
pub(crate) enum Part {
    Data(Bytes),
    /// The body is complete. A channel that closes without this has failed.
    End,
}

/// The rest of a response cannot be read. The client sees an aborted connection.
#[derive(Debug, thiserror::Error)]
#[error("the response is incomplete")]
pub(crate) struct Incomplete;

impl ReplyBody {
    pub(super) fn whole(chunk: Bytes, held: Held) -> Self {
        Self::Whole { chunk: Some(chunk), held }
    }

    /// A body of `size` bytes, if that is known.
    pub(super) fn parts(receiver: Receiver<Part>, size: Option<u64>, is_complete: Arc<AtomicBool>) -> Self {
        Self::Parts(Parts { receiver, left: size, is_complete })
    }
}

impl Parts {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Incomplete>>> {
        if self.is_complete() {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.receiver.poll_recv(cx)) {
            Some(Part::Data(data)) => {
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(data.len() as u64);
                    if *left == 0 {
                        self.complete();
                    }
                }
                Some(Ok(Frame::data(data)))
            }
            Some(Part::End) => {
                self.complete();
                None
            }
            None => Some(Err(Incomplete)),
        })
    }

    fn complete(&self) {
        self.is_complete.store(true, Ordering::Relaxed);
    }

    fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Relaxed)
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = Incomplete;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Incomplete>>> {
        match self.get_mut() {
            Self::Whole { chunk, held } => {
                held.in_flight.succeeded();
                Poll::Ready(chunk.take().map(|chunk| Ok(Frame::data(chunk))))
            }
            Self::Parts(parts) => parts.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole { chunk, .. } => chunk.is_none(),
            Self::Parts(parts) => parts.is_complete(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole { chunk, .. } => SizeHint::with_exact(chunk.as_ref().map_or(0, Bytes::len) as u64),
            Self::Parts(parts) => parts.left.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
