//! One connection, from its first byte to its end.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    extract::ConnectInfo,
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use hyper::{
    Request, Version,
    body::Incoming,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::TokioIo,
    server::{conn::auto, graceful::GracefulConnection},
    service::TowerToHyperService,
};
use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::{
    activity::{Activity, Expiry, Order},
    http2::{self, Streams},
    request_body::RequestBody,
    response_body::ResponseBody,
    slots::Slot,
    stream::ReportingStream,
};
use crate::metrics::CONNECTIONS_ENDED;

/// The most bytes of a request's head, and of a response that waits to be written beside its last piece.
const BUFFER_BYTES: usize = 64 * 1024;

/// Time for the client of an idle HTTP/2 connection to confirm that it sends no more requests. HTTP/1.1 has no such
/// confirmation.
const AGREEMENT_TIME: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed it, or HTTP ends it after a response.
    Done,
    /// The client broke it off, or did not speak HTTP.
    Failed,
    /// The client was too slow.
    Expired(Expiry),
    /// It was idle, and another client needed its slot.
    Yielded,
    /// It was idle, and the server stops.
    Stopped,
}

impl End {
    /// Counts it in the metric.
    pub(super) fn count(self) {
        counter!(CONNECTIONS_ENDED, "reason" => self.name()).increment(1);
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired(Expiry::KeepAlive) => "keep_alive",
            Self::Expired(Expiry::Head) => "head_timeout",
            Self::Expired(Expiry::Write) => "write_timeout",
            Self::Yielded => "yielded",
            Self::Stopped => "stopped",
        }
    }
}

/// Serves the requests of one connection.
pub(super) async fn serve<S>(stream: S, peer: SocketAddr, router: Router, slot: &Slot) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = slot.activity();
    let mut http = auto::Builder::new(Streams);
    http.http1().header_read_timeout(None).max_buf_size(BUFFER_BYTES).keep_alive(!slot.is_reserved());
    http2::limit(http.http2());
    let stream = TokioIo::new(ReportingStream::new(stream, Arc::clone(activity)));
    let router = TowerToHyperService::new(router);
    let connection = http.serve_connection(
        stream,
        service_fn(|mut request: Request<Incoming>| {
            let is_http2 = request.version() == Version::HTTP_2;
            let guard = activity.begin_request();
            let closes = !is_http2 && activity.has_large_head();
            request.extensions_mut().insert(ConnectInfo(peer));
            let refusal = slot.refuse(&request);
            let (parts, body) = request.into_parts();
            let body = RequestBody::new(&parts.headers, body, activity.begin_body());
            let request = Request::from_parts(parts, body);
            let router = router.clone();
            async move {
                let mut response: Response = match refusal {
                    Some(refusal) => refusal,
                    None => router.call(request).await?,
                };
                if closes {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response.map(|body| ResponseBody::new(body, is_http2, guard)))
            }
        }),
    );
    let end = drive(connection, activity).await;
    activity.release_all();
    end
}

/// Runs a connection until it ends, is too slow, or is idle when the server needs it to end.
async fn drive<C>(connection: C, activity: &Activity) -> End
where
    C: GracefulConnection,
    C::Error: fmt::Display,
{
    let mut connection = pin!(connection);
    let first_deadline = activity.deadline().map_or_else(Instant::now, |(deadline, _)| deadline);
    let mut timer = pin!(sleep_until(first_deadline));
    let mut ending: Option<Ending> = None;
    poll_fn(|cx| {
        loop {
            let order = activity.order(cx.waker());
            if order == Order::Finish && ending.is_none() {
                ending = Some(Ending::begin(End::Stopped));
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                let end = result.map_or_else(|error| failed(&error), |()| End::Done);
                return Poll::Ready(ending.as_ref().map_or(end, |ending| ending.end));
            }
            activity.release_written();
            let idle_since = activity.idle_since();
            if order == Order::Yield && ending.is_none() {
                if idle_since.is_some() {
                    ending = Some(Ending::begin(End::Yielded));
                    connection.as_mut().graceful_shutdown();
                    continue;
                }
                activity.give(Order::Serve);
            }
            let (deadline, end) = match (&ending, idle_since, activity.deadline()) {
                (Some(ending), Some(_), _) if !activity.is_http2() => return Poll::Ready(ending.end),
                (Some(ending), Some(since), _) => (ending.deadline(since), ending.end),
                (_, _, Some((deadline, expiry))) => (deadline, End::Expired(expiry)),
                (_, _, None) => return Poll::Pending,
            };
            // The timer fires at the earliest deadline. Deadlines move later with each request; that is seen when it fires.
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if timer.deadline() < deadline {
                continue;
            }
            if end == End::Expired(Expiry::KeepAlive) && ending.is_none() {
                ending = Some(Ending::begin(end));
                connection.as_mut().graceful_shutdown();
                continue;
            }
            return Poll::Ready(end);
        }
    })
    .await
}

fn failed(error: &impl fmt::Display) -> End {
    debug!(%error, "connection lost");
    End::Failed
}

/// An end that the server has begun.
struct Ending {
    end: End,
    since: Instant,
}

impl Ending {
    fn begin(end: End) -> Self {
        Self { end, since: Instant::now() }
    }

    /// Until when an idle client of HTTP/2 may agree on which request was the last.
    fn deadline(&self, idle_since: Instant) -> Instant {
        self.since.max(idle_since) + AGREEMENT_TIME
    }
}

#[cfg(test)]
mod http2_tests;
#[cfg(test)]
mod tests;
