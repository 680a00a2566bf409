//! A server on loopback that takes what is sent to it, and answers as it is told.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

/// A request that has come.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// The other end of its connection.
    pub(crate) from: SocketAddr,
    /// The status that it was answered with.
    pub(crate) status: u16,
}

/// What the server answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// A status, and where to go instead.
    Redirect(String),
    /// 200 with this body.
    Body(String),
    /// Nothing, ever.
    Never,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Receiver {
    /// A server that answers the n-th request, counted from 0, as `answer` says.
    pub(crate) async fn start(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (taken, received) = mpsc::unbounded_channel();
        let (count, answer) = (AtomicUsize::new(0), Arc::new(answer));
        let count = Arc::new(count);
        let router = Router::new().fallback(move |ConnectInfo(from): ConnectInfo<SocketAddr>, request: Request| {
            let answer = answer(count.fetch_add(1, Ordering::SeqCst));
            take(from, request, answer, taken.clone())
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { url, received }
    }

    /// A server that takes all.
    pub(crate) async fn willing() -> Self {
        Self::start(|_| Answer::Status(200)).await
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Received {
        timeout(Duration::from_secs(20), self.received.recv()).await.expect("a request comes").unwrap()
    }

    /// Whether a request has come that has not been looked at.
    pub(crate) fn has_more(&mut self) -> bool {
        !self.received.is_empty()
    }
}

async fn take(from: SocketAddr, request: Request, answer: Answer, taken: mpsc::UnboundedSender<Received>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    let (status, answer) = match answer {
        Answer::Status(status) => (status, StatusCode::from_u16(status).unwrap().into_response()),
        Answer::Redirect(to) => (308, (StatusCode::PERMANENT_REDIRECT, [("location", to)]).into_response()),
        Answer::Body(body) => (200, body.into_response()),
        Answer::Never => (0, std::future::pending::<Response>().await),
    };
    // The test may not look any more.
    drop(taken.send(Received { path: head.uri.to_string(), headers: head.headers, body, from, status }));
    answer
}
