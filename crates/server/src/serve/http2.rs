//! HTTP/2 without TLS, for clients that begin with it ("prior knowledge"): its limits are those of HTTP/1.1.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::rt::Executor;
use hyper_util::server::conn::auto;
use tokio::{
    task_local,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::activity::{WRITE_TIMEOUT, accepting_time};

/// The most requests of one connection at the same time.
const MAX_STREAMS: u32 = 32;
/// The most bytes of a request's headers, each counted with 32 bytes more.
const MAX_HEADERS_BYTES: u32 = 16 * 1024;
/// How many bytes of a request's body arrive before the call reads them.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// How many bytes of a response wait until the client accepts them, after the response has ended for the server.
const SEND_BUFFER_BYTES: usize = 16 * 1024;

/// The most HTTP/2 connections with requests, since each may leave [`MAX_STREAMS`] ends of responses in memory.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// The most bytes of a response's body in one piece. A larger piece would wait in memory beside the send buffer.
pub(super) const PIECE_BYTES: usize = 16 * 1024;

/// What the client has not accepted yet of a response that waits: the send buffer, and the piece that follows.
const UNSENT_BYTES: u64 = (SEND_BUFFER_BYTES + PIECE_BYTES) as u64;

/// Sets the limits. The library adds its own, against floods of resets and of empty frames.
pub(super) fn limit(mut http: auto::Http2Builder<'_, Streams>) {
    http.max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER_BYTES);
}

/// Runs the requests of HTTP/2 connections. Ends a request whose response the client does not accept, and no other of the
/// connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams;

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let progress = Arc::new(Progress::default());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = PROGRESS.scope(Arc::clone(&progress), stream) => {}
                () = progress.stalled() => debug!("request ended: the client did not accept its response"),
            }
        });
    }
}

task_local! {
    static PROGRESS: Arc<Progress>;
}

/// How the client accepts the response of a stream.
#[derive(Debug, Default)]
struct Progress(Mutex<ProgressState>);

#[derive(Debug, Default)]
struct ProgressState {
    /// Since when the response waits for its client.
    waiting_since: Option<Instant>,
    /// How long it has waited before.
    waited: Duration,
    /// The bytes of the response up to now.
    bytes: u64,
}

impl Progress {
    /// Waits until the client has accepted too little of the response for too long.
    async fn stalled(&self) {
        loop {
            let (is_waiting, deadline) = self.state().deadline();
            if is_waiting && deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProgressState {
    /// Whether the response waits for its client, and until when it may.
    fn deadline(&self) -> (bool, Instant) {
        let since = self.waiting_since.unwrap_or_else(Instant::now);
        let accepted_bytes = self.bytes.saturating_sub(UNSENT_BYTES);
        let time = accepting_time(accepted_bytes).saturating_sub(self.waited).min(WRITE_TIMEOUT);
        (self.waiting_since.is_some(), since + time)
    }

    fn stop_waiting(&mut self) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
    }
}

/// Notes that the response now waits for the server, for its next piece. Does nothing in HTTP/1.1, where the stream itself
/// reports progress.
pub(super) fn note_producing() {
    let _ = PROGRESS.try_with(|progress| progress.state().stop_waiting());
}

/// Notes that the response now waits until its client accepts the next `bytes`.
pub(super) fn note_waiting(bytes: usize) {
    let _ = PROGRESS.try_with(|progress| {
        let mut state = progress.state();
        state.stop_waiting();
        state.waiting_since = Some(Instant::now());
        state.bytes += bytes as u64;
    });
}
