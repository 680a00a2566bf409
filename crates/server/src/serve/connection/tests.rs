//! Timeouts and ends of one connection, with a clock that waits for nobody.

use std::time::Duration;

use axum::{extract::ConnectInfo, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::sleep,
};

use super::*;
use crate::serve::{
    activity::{HEAD_TIMEOUT, WRITE_TIMEOUT},
    slots::Slots,
};

pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(75);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const PEER: &str = "192.0.2.1:9";
const GET: &[u8] = b"GET /peer HTTP/1.1\r\nhost: t\r\n\r\n";

/// A client's side of a connection, and the server's.
struct Connection {
    client: DuplexStream,
    activity: Arc<Activity>,
    serving: JoinHandle<End>,
    began: Instant,
}

/// Serves one connection; the client's side takes little that it does not read.
pub(super) async fn connect() -> (DuplexStream, Arc<Activity>, JoinHandle<End>) {
    let slots = Arc::new(Slots::new("test", 1, 0, KEEP_ALIVE));
    let slot = slots.acquire().await;
    let activity = Arc::clone(slot.activity());
    let (client, server) = duplex(1024);
    let serving = tokio::spawn(async move { serve(server, PEER.parse().unwrap(), router(), &slot).await });
    (client, activity, serving)
}

impl Connection {
    async fn open() -> Self {
        let (client, activity, serving) = connect().await;
        Self { client, activity, serving, began: Instant::now() }
    }

    /// Sends `request` and reads until the response contains `end`.
    async fn exchange(&mut self, request: &[u8], end: &str) -> String {
        self.client.write_all(request).await.unwrap();
        let mut response = String::new();
        while !response.contains(end) {
            let mut bytes = [0; 1024];
            let count = self.client.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "closed after {response}");
            response.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        response
    }

    /// Asserts how and when the connection ends. The time counts from its beginning.
    async fn assert_ends(self, end: End, after: Duration) {
        assert_eq!(self.serving.await.unwrap(), end);
        let elapsed = self.began.elapsed();
        assert!(elapsed >= after && elapsed < after + SECOND, "{elapsed:?} instead of {after:?}");
    }
}

pub(super) fn router() -> Router {
    Router::new()
        .route("/peer", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
        .route("/large", get(async || "x".repeat(1 << 20)))
        .route(
            "/slow",
            get(async || {
                sleep(SECOND * 300).await;
                "late"
            }),
        )
}

#[tokio::test(start_paused = true)]
async fn shows_the_peers_address_to_the_routes() {
    let mut connection = Connection::open().await;
    assert!(connection.exchange(GET, PEER).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test(start_paused = true)]
async fn ends_a_connection_without_a_head() {
    Connection::open().await.assert_ends(End::Expired(Expiry::Head), HEAD_TIMEOUT).await;
}

#[tokio::test(start_paused = true)]
async fn ends_a_connection_with_a_slow_head() {
    let mut connection = Connection::open().await;
    for byte in GET.iter().take(15) {
        sleep(SECOND).await;
        connection.client.write_all(&[*byte]).await.unwrap();
    }
    connection.assert_ends(End::Expired(Expiry::Head), HEAD_TIMEOUT).await;
}

#[tokio::test(start_paused = true)]
async fn keeps_a_connection_open_between_requests() {
    let mut connection = Connection::open().await;
    let pause = KEEP_ALIVE.saturating_sub(SECOND);
    for _ in 0..3 {
        connection.exchange(GET, PEER).await;
        sleep(pause).await;
    }
    connection.exchange(GET, PEER).await;
    connection.assert_ends(End::Expired(Expiry::KeepAlive), pause * 3 + KEEP_ALIVE).await;
}

#[tokio::test(start_paused = true)]
async fn limits_a_later_head_from_its_first_byte() {
    let mut connection = Connection::open().await;
    connection.exchange(GET, PEER).await;
    sleep(SECOND * 5).await;
    connection.client.write_all(b"GET ").await.unwrap();
    connection.assert_ends(End::Expired(Expiry::Head), SECOND * 5 + HEAD_TIMEOUT).await;
}

#[tokio::test(start_paused = true)]
async fn ends_a_connection_after_a_large_head() {
    let mut connection = Connection::open().await;
    let head = format!("GET /peer HTTP/1.1\r\nhost: t\r\nx: {}\r\n\r\n", "x".repeat(60_000));
    assert!(connection.exchange(head.as_bytes(), PEER).await.contains("connection: close\r\n"));
    connection.assert_ends(End::Done, Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_slow_handler() {
    let mut connection = Connection::open().await;
    assert!(connection.exchange(b"GET /slow HTTP/1.1\r\nhost: t\r\n\r\n", "late").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn ends_a_connection_whose_client_accepts_no_response() {
    let mut connection = Connection::open().await;
    connection.client.write_all(b"GET /large HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    connection.assert_ends(End::Expired(Expiry::Write), WRITE_TIMEOUT).await;
}

#[tokio::test(start_paused = true)]
async fn gives_a_client_more_time_for_the_bytes_that_it_accepts() {
    let mut connection = Connection::open().await;
    connection.client.write_all(b"GET /large HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    sleep(SECOND * 20).await;
    connection.client.read_exact(&mut vec![0; 40 * 1024]).await.unwrap();
    connection.assert_ends(End::Expired(Expiry::Write), WRITE_TIMEOUT + SECOND * 10).await;
}

#[tokio::test(start_paused = true)]
async fn ends_a_connection_whose_client_accepts_a_response_too_slowly() {
    let mut connection = Connection::open().await;
    connection.client.write_all(b"GET /large HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    let Connection { mut client, serving, began, .. } = connection;
    tokio::spawn(async move {
        loop {
            sleep(SECOND).await;
            let _ = client.read(&mut [0; 1024]).await;
        }
    });
    assert_eq!(serving.await.unwrap(), End::Expired(Expiry::Write));
    // 1 KiB a second is a quarter of the least, so a second of reading gives a quarter of a second.
    let elapsed = began.elapsed();
    assert!(elapsed >= SECOND * 39 && elapsed <= SECOND * 41, "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn ends_a_connection_whose_client_accepts_no_pipelined_response() {
    let mut connection = Connection::open().await;
    // More responses than fit into what the client has not read. The server stops reading when it cannot write.
    let requests = GET.repeat(1000);
    let sent = connection.client.write_all(&requests);
    assert!(tokio::time::timeout(SECOND, sent).await.is_err());
    connection.assert_ends(End::Expired(Expiry::Write), WRITE_TIMEOUT).await;
}

#[tokio::test(start_paused = true)]
async fn finishes_idle_and_half_open_requests_at_once() {
    for head in [&b""[..], b"GET / HTTP/1.1\r\nhost:"] {
        for first in [&b""[..], GET] {
            let mut connection = Connection::open().await;
            if !first.is_empty() {
                connection.exchange(first, PEER).await;
            }
            connection.client.write_all(head).await.unwrap();
            sleep(SECOND).await;
            connection.activity.give(Order::Finish);
            connection.assert_ends(End::Stopped, SECOND).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn finishes_a_request_in_progress() {
    let mut connection = Connection::open().await;
    connection.client.write_all(b"GET /slow HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    sleep(SECOND).await;
    connection.activity.give(Order::Finish);
    let mut response = String::new();
    connection.client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("late"), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
    connection.assert_ends(End::Stopped, SECOND * 300).await;
}

#[tokio::test(start_paused = true)]
async fn finishes_a_response_that_the_client_reads_late() {
    let mut connection = Connection::open().await;
    connection.client.write_all(b"GET /large HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    sleep(SECOND).await;
    connection.activity.give(Order::Finish);
    sleep(SECOND).await;
    let mut response = Vec::new();
    connection.client.read_to_end(&mut response).await.unwrap();
    assert!(response.len() > 1 << 20, "only {} bytes", response.len());
    connection.assert_ends(End::Stopped, SECOND * 2).await;
}

#[tokio::test(start_paused = true)]
async fn yields_only_while_idle() {
    let mut connection = Connection::open().await;
    connection.client.write_all(b"GET /slow HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
    sleep(SECOND).await;
    connection.activity.give(Order::Yield);
    connection.exchange(b"", "late").await;
    connection.exchange(GET, PEER).await;
    connection.activity.give(Order::Yield);
    connection.assert_ends(End::Yielded, SECOND * 300).await;
}
