//! Callers: each with a connection that it keeps.

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

/// Users in a call.
const USERS: usize = 200;

/// Calls that set a group's conversation for some users. No two set the same, so that each has something to write.
#[derive(Clone)]
pub(crate) struct Load {
    address: SocketAddr,
    /// What stands before and after the value that is set.
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
        let head = format!(
            "POST /conversation/set_conversations HTTP/1.1\r\nhost: localhost\r\noperationID: load\r\ntoken: {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            before.len() + VALUE_DIGITS + "}}".len()
        );
        Self { address, around: Arc::new([head + &before, "}}".to_owned()]), calls: Arc::default() }
    }

    /// Each caller calls again when it is answered: what the program can do.
    pub(crate) async fn as_fast_as_answered(&self, callers: usize, time: Duration) -> Tally {
        self.call(callers, time, |_| None).await
    }

    /// `rate` calls a second, whatever is answered. A call waits from the moment at which it is due, so that it counts
    /// too when it comes late because nobody was free to make it.
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
                    let code = load.one(&mut connection, call).await;
                    tally.count(code, due.elapsed());
                }
            });
        }
        let tallies = all.join_all().await;
        Tally::of_all(tallies, began.elapsed())
    }

    /// Makes a call: the code of the answer.
    async fn one(&self, connection: &mut TcpStream, call: u32) -> u32 {
        let [before, after] = &*self.around;
        let request = format!("{before}{}{after}", FIRST_VALUE + call);
        connection.write_all(request.as_bytes()).await.unwrap();
        let answer = answer(connection).await;
        let (_, code) = answer.split_once(r#""errCode":"#).unwrap();
        code.split(',').next().unwrap().parse().unwrap()
    }
}

const FIRST_VALUE: u32 = 1_000_000_000;
const VALUE_DIGITS: usize = 10;

/// Asks whether the process serves, on a connection of its own.
pub(crate) async fn healthy(address: SocketAddr) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let answer = answer(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// An answer whose body is an object without another one in it.
async fn answer(connection: &mut TcpStream) -> String {
    let mut answer = Vec::with_capacity(1_024);
    while !answer.ends_with(b"}") {
        assert_ne!(connection.read_buf(&mut answer).await.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8(answer).unwrap()
}
