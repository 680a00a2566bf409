//! The body of a request, read within its limits.

use std::{error::Error, iter, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, StatusCode, header},
};
use conversation_settings_core::{ArgsError, Path, Violation};
use conversation_settings_openim::Code;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::{
    ApiError,
    body_budget::{Exhausted, Reservation},
    caller_shares::CallerShare,
    deadline::Deadline,
};

/// The most bytes that are drained from a rejected body.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// The first size of a buffer for a body that arrives in several chunks.
const MIN_BUFFER_BYTES: usize = 4 * 1024;

/// What a route accepts as a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// The size.
    pub(crate) max_bytes: usize,
    /// The time from the headers to the end of the body.
    pub(crate) timeout: Duration,
}

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

    /// The whole body, of at most `limit` bytes, with what it takes of the memory for bodies.
    ///
    /// Memory is reserved as the bytes arrive: a length that is announced and not sent takes nothing from others.
    pub(crate) async fn read(
        &mut self,
        limit: usize,
        memory: Reservation,
        caller: Option<&mut CallerShare>,
    ) -> Result<RequestBytes, ApiError> {
        let size = self.body.size_hint();
        if size.lower() > limit as u64 {
            return Err(too_large(limit));
        }
        self.awaits_continue = false;
        let Some(first) = self.next_chunk().await? else { return Ok(RequestBytes::default()) };
        let announced = size.exact().and_then(|size| usize::try_from(size).ok());
        let most = announced.unwrap_or(limit).min(limit);
        let mut buffer = Buffer { bytes: Vec::new(), memory, caller, limit, most };
        if self.body.is_end_stream() {
            // Most bodies arrive in one chunk, which needs no copy.
            buffer.check(first.len())?;
            buffer.reserve(first.len())?;
            return Ok(RequestBytes { bytes: first, memory: Some(buffer.memory) });
        }
        // Copied, because each chunk may keep a larger buffer of the connection in memory.
        buffer.push(&first)?;
        drop(first);
        while let Some(chunk) = self.next_chunk().await? {
            buffer.push(&chunk)?;
        }
        Ok(RequestBytes { bytes: buffer.bytes.into(), memory: Some(buffer.memory) })
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            match self.body.frame().await {
                // Trailers are ignored.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => (),
                    Ok(data) => return Ok(Some(data)),
                    Err(_) => (),
                },
                Some(Err(error)) => return Err(unreadable(&error)),
                None => return Ok(None),
            }
        }
    }

    /// Drains the rest of a rejected body while the response is sent. If the connection ended instead, a client that reads the
    /// response after it has sent the body, as most do, would lose the response.
    pub(crate) fn drain_until(self, deadline: Deadline) {
        if self.awaits_continue || self.body.is_end_stream() {
            return;
        }
        tokio::spawn(async move {
            let mut rest = Limited::new(self.body, MAX_DRAINED_BYTES);
            deadline.drain(async { while let Some(Ok(_)) = rest.frame().await {} }).await;
        });
    }
}

/// A body in memory.
#[derive(Debug, Default)]
pub(crate) struct RequestBytes {
    pub(crate) bytes: Bytes,
    /// What the body takes of the memory for all bodies.
    pub(crate) memory: Option<Reservation>,
}

/// Collects chunks.
struct Buffer<'a> {
    bytes: Vec<u8>,
    memory: Reservation,
    caller: Option<&'a mut CallerShare>,
    limit: usize,
    /// The largest size that the body can have.
    most: usize,
}

impl Buffer<'_> {
    fn push(&mut self, chunk: &[u8]) -> Result<(), ApiError> {
        let size = self.bytes.len() + chunk.len();
        self.check(size)?;
        if size > self.bytes.capacity() {
            let capacity = (2 * self.bytes.capacity()).max(MIN_BUFFER_BYTES).min(self.most).max(size);
            self.reserve(capacity)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn check(&self, size: usize) -> Result<(), ApiError> {
        if size > self.limit { Err(too_large(self.limit)) } else { Ok(()) }
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), ApiError> {
        let reserved = self.memory.grow(bytes, self.caller.as_deref_mut(), self.limit);
        reserved.map_err(|exhausted| {
            let whose = match exhausted {
                Exhausted::All => "the bodies of all calls",
                Exhausted::Caller => "the bodies of the caller's calls",
            };
            ApiError::new(Code::TooManyRequests, format!("body: {whose} together are too large: try again in a moment"))
        })
    }
}

/// A limit of the host's own is the one error that is not the connection's.
fn unreadable(error: &axum::Error) -> ApiError {
    let mut causes = iter::successors(Some(error as &dyn Error), |&error| error.source());
    if causes.any(<dyn Error>::is::<LengthLimitError>) {
        let error = ApiError::new(Code::Args, "body: is larger than this server accepts");
        return error.with_status(StatusCode::PAYLOAD_TOO_LARGE);
    }
    ApiError::new(Code::Args, "body: is incomplete or not valid HTTP")
}

fn too_large(limit: usize) -> ApiError {
    let violation = Violation::Rule(format!("must be at most {limit} bytes").into());
    ArgsError::new(Path::Decoded(String::new()), violation).into()
}
