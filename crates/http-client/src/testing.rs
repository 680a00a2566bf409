//! A recording server on loopback, for tests of what calls other services.

use std::{
    future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, Response, StatusCode, header::LOCATION},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

/// How long to wait for a request before the test fails.
const WAIT: Duration = Duration::from_secs(20);

/// A recorded request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// The path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The JSON body.
    pub body: Value,
    /// The JSON body as text.
    pub text: String,
    /// The client's address, which identifies its connection.
    pub client: SocketAddr,
    /// The status of the response.
    pub status: u16,
}

/// How the server responds.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "tests name the response they need")]
pub enum Reply {
    /// This status without a body.
    Status(u16),
    /// Status 308 and this location.
    Redirect(String),
    /// Status 200 and this body.
    Body(String),
    /// No response at all.
    Never,
}

/// A server on loopback that records its requests. Stops with the runtime it was started on.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    requests: mpsc::UnboundedReceiver<Recorded>,
}

impl Receiver {
    /// Starts a server that responds to request `n`, counted from 0, with `reply(n)`.
    ///
    /// # Panics
    ///
    /// If no port can be bound.
    pub async fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port"), reply)
    }

    /// As [`start`](Self::start), on a port that the test has chosen.
    ///
    /// # Panics
    ///
    /// If `listener` has no address.
    pub fn start_on(listener: TcpListener, reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let (record, requests) = mpsc::unbounded_channel();
        let (count, reply) = (Arc::new(AtomicUsize::new(0)), Arc::new(reply));
        let router = Router::new().fallback(move |ConnectInfo(client): ConnectInfo<SocketAddr>, request: Request| {
            let reply = reply(count.fetch_add(1, Ordering::SeqCst));
            respond(client, request, reply, record.clone())
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { url, requests }
    }

    /// Starts a server that responds to every request with status 200.
    pub async fn accepting() -> Self {
        Self::start(|_| Reply::Status(200)).await
    }

    /// The server's URL, without a path.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next request.
    ///
    /// # Panics
    ///
    /// If none arrives within 20 seconds.
    pub async fn next(&mut self) -> Recorded {
        timeout(WAIT, self.requests.recv()).await.expect("a request arrives in time").expect("the server runs")
    }

    /// Whether [`next`](Self::next) would return at once.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.requests.is_empty()
    }
}

async fn respond(
    client: SocketAddr,
    request: Request,
    reply: Reply,
    record: mpsc::UnboundedSender<Recorded>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("the client sends a whole body");
    let text = String::from_utf8(body.into()).expect("the client sends UTF-8");
    let body = serde_json::from_str(&text).expect("the client sends JSON");
    let response = Response::builder();
    let response = match reply {
        Reply::Status(status) => response.status(status).body(Body::empty()),
        Reply::Redirect(to) => response.status(StatusCode::PERMANENT_REDIRECT).header(LOCATION, to).body(Body::empty()),
        Reply::Body(body) => response.body(body.into()),
        Reply::Never => future::pending().await,
    };
    let response = response.expect("the reply is valid HTTP");
    let status = response.status().as_u16();
    // A test that has ended reads no more requests.
    drop(record.send(Recorded { path: head.uri.to_string(), headers: head.headers, body, text, client, status }));
    response
}
