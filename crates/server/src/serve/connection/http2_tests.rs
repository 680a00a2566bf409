//! HTTP/2, with a clock that waits for nobody.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::{task::JoinHandle, time::sleep};

use super::{
    tests::{KEEP_ALIVE, PEER, SECOND, connect},
    *,
};
use crate::serve::activity::WRITE_TIMEOUT;

/// A client's side of a connection, and the server's.
struct Connection {
    requests: SendRequest<Body>,
    activity: Arc<Activity>,
    serving: JoinHandle<End>,
    began: Instant,
}

impl Connection {
    /// The client accepts little of a response that it does not read, and sends a ping every ten seconds.
    async fn open() -> Self {
        let (client, activity, serving) = connect().await;
        let began = Instant::now();
        let mut http = Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new()).keep_alive_interval(SECOND * 10).keep_alive_while_idle(true);
        http.initial_stream_window_size(1024);
        let (requests, connection) = http.handshake(TokioIo::new(client)).await.unwrap();
        tokio::spawn(connection);
        Self { requests, activity, serving, began }
    }

    /// The response to a GET, with its body unread.
    async fn get(&mut self, path: &str) -> hyper::Response<Incoming> {
        self.requests.ready().await.unwrap();
        let request = Request::get(format!("http://t{path}")).body(Body::empty()).unwrap();
        self.requests.send_request(request).await.unwrap()
    }

    async fn assert_works(&mut self) {
        let body = self.get("/peer").await.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, PEER);
    }

    /// Asserts how and when the connection ends. The time counts from its beginning.
    async fn assert_ends(self, end: End, after: Duration) {
        assert_eq!(self.serving.await.unwrap(), end);
        let elapsed = self.began.elapsed();
        assert!(elapsed >= after && elapsed < after + SECOND, "{elapsed:?} instead of {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn serves_clients_that_begin_with_http2() {
    let mut connection = Connection::open().await;
    connection.assert_works().await;
    let large = connection.get("/large").await.into_body().collect().await.unwrap().to_bytes();
    assert!(large.len() == 1 << 20 && large.iter().all(|byte| *byte == b'x'));
}

#[tokio::test(start_paused = true)]
async fn ends_only_the_request_whose_response_is_not_accepted() {
    let mut connection = Connection::open().await;
    let unread = connection.get("/large").await;
    sleep(WRITE_TIMEOUT.saturating_sub(SECOND)).await;
    assert_eq!(connection.activity.idle_since(), None);
    connection.assert_works().await;
    sleep(SECOND * 2).await;
    assert!(connection.activity.idle_since().is_some(), "the request goes on");
    connection.assert_works().await;
    unread.into_body().collect().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn ends_an_idle_connection_despite_pings() {
    let mut connection = Connection::open().await;
    sleep(SECOND).await;
    connection.assert_works().await;
    connection.assert_ends(End::Expired(Expiry::KeepAlive), SECOND + KEEP_ALIVE).await;
}

#[tokio::test(start_paused = true)]
async fn finishes_requests_and_ends() {
    let mut connection = Connection::open().await;
    connection.assert_works().await;
    let mut other = connection.requests.clone();
    let request = Request::get("http://t/slow").body(Body::empty()).unwrap();
    let slow = tokio::spawn(async move { other.send_request(request).await.unwrap().into_body().collect().await });
    sleep(SECOND).await;
    connection.activity.give(Order::Finish);
    assert_eq!(slow.await.unwrap().unwrap().to_bytes(), "late");
    connection.assert_ends(End::Stopped, SECOND * 300).await;
}

#[tokio::test(start_paused = true)]
async fn ends_idle_connections_when_asked() {
    for (order, end) in [(Order::Finish, End::Stopped), (Order::Yield, End::Yielded)] {
        let mut connection = Connection::open().await;
        connection.assert_works().await;
        connection.activity.give(order);
        connection.assert_ends(end, Duration::ZERO).await;
    }
}
