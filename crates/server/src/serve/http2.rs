//! HTTP/2 without TLS, for clients that begin with it ("prior knowledge"): its limits are those of HTTP/1.1.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use hyper::rt::Executor;
use hyper_util::server::conn::auto;
use tokio::{
    task_local,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::activity::WRITE_TIMEOUT;

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

/// Since when the response of a stream waits for its client.
#[derive(Debug, Default)]
struct Progress(Mutex<Option<Instant>>);

impl Progress {
    /// Waits until the client has accepted no piece of the response for too long.
    async fn stalled(&self) {
        loop {
            let waiting_since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let since = waiting_since.unwrap_or_else(Instant::now);
            if waiting_since.is_some() && since.elapsed() >= WRITE_TIMEOUT {
                return;
            }
            sleep_until(since + WRITE_TIMEOUT).await;
        }
    }
}

/// Notes that the response now waits for its client, or for the server. Does nothing in HTTP/1.1, where the stream itself
/// reports this.
pub(super) fn note_progress(waits_for_client: bool) {
    let since = waits_for_client.then(Instant::now);
    let _ = PROGRESS.try_with(|progress| *progress.0.lock().unwrap_or_else(PoisonError::into_inner) = since);
}
