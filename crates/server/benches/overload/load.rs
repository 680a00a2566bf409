//! Callers, each with its own open connection.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::tally::Tally;

/// Users per call.
const USERS: usize = 200;

/// Calls that set a group's conversation for some users. Each sets another value, so each writes.
#[derive(Clone)]
pub(crate) struct Load {
    address: SocketAddr,
    /// The request before and after the value to set.
    around: Arc<[String; 2]>,
    calls: Arc<AtomicU32>,
}

impl Load {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        let users: Vec<_> = (0..USERS).map(|n| format!(r#""user{n}""#)).collect();
        let before = format!(
            r#"{{"userIDs":[{}],"conversation":{{"conversationID":"sg_team","conversationType":3,"groupID":"team","burnDuration":"#,
            users.join(",")
        );
        let headers = format!(
            "POST /conversation/set_conversations HTTP/1.1\r\nhost: localhost\r\noperationID: load\r\ntoken: {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            before.len() + VALUE_DIGITS + "}}".len()
        );
        Self { address, around: Arc::new([headers + &before, "}}".to_owned()]), calls: Arc::default() }
    }

    /// A closed loop: each caller calls again after its response. Measures the capacity.
    pub(crate) async fn closed_loop(&self, callers: usize, time: Duration) -> Tally {
        self.call(callers, time, |_| None).await
    }

    /// `rate` calls per second, whatever the responses. Latency counts from the moment when a call is due, so a call that
    /// starts late, because no caller was free, counts as slow.
    pub(crate) async fn at_a_rate(&self, rate: f64, callers: usize, time: Duration) -> Tally {
        self.call(callers, time, move |call| Some(Duration::from_secs_f64(f64::from(call) / rate))).await
    }

    async fn call(
        &self,
        callers: usize,
        time: Duration,
        due: impl Fn(u32) -> Option<Duration> + Copy + Send + 'static,
    ) -> Tally {
        let began = Instant::now();
        let first = self.calls.load(Ordering::Relaxed);
        let mut all = JoinSet::new();
        for _ in 0..callers {
            let load = self.clone();
            all.spawn(async move {
                let mut connection = TcpStream::connect(load.address).await.unwrap();
                connection.set_nodelay(true).unwrap();
                let mut tally = Tally::default();
                loop {
                    let call = load.calls.fetch_add(1, Ordering::Relaxed);
                    let due = due(call - first).map_or_else(Instant::now, |due| began + due);
                    if due.duration_since(began) >= time {
                        return tally;
                    }
                    sleep_until(due).await;
                    let code = load.send(&mut connection, call).await;
                    tally.count(code, due.elapsed());
                }
            });
        }
        let tallies = all.join_all().await;
        Tally::merge(tallies, began.elapsed())
    }

    /// Sends one call and returns the response's code.
    async fn send(&self, connection: &mut TcpStream, call: u32) -> u32 {
        let [before, after] = &*self.around;
        let request = format!("{before}{}{after}", FIRST_VALUE + call);
        connection.write_all(request.as_bytes()).await.unwrap();
        let response = read_response(connection).await;
        let (_, code) = response.split_once(r#""errCode":"#).unwrap();
        code.split(',').next().unwrap().parse().unwrap()
    }
}

const FIRST_VALUE: u32 = 1_000_000_000;
const VALUE_DIGITS: usize = 10;

/// Asserts on a new connection that `/healthz` responds.
pub(crate) async fn assert_healthy(address: SocketAddr) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let response = read_response(&mut connection).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

/// Reads a response. Its body must be a JSON object without nested objects.
async fn read_response(connection: &mut TcpStream) -> String {
    let mut response = Vec::with_capacity(1_024);
    while !response.ends_with(b"}") {
        assert_ne!(connection.read_buf(&mut response).await.unwrap(), 0, "{}", String::from_utf8_lossy(&response));
    }
    String::from_utf8(response).unwrap()
}
