//! Strangers and users who want to take the server down: its memory, and calls of others meanwhile.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{LONG, Server, exchange, get, program};

const MIB: usize = 1024 * 1024;

/// The most memory that an attack may take above the start: a bound, not a measurement.
const MOST: usize = 100 * MIB;

/// The resident memory of the server, in bytes.
fn memory(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// The most bytes of responses that wait in the system's memory for one of the server's clients.
fn waiting_to_be_sent(server: &Server) -> usize {
    let port = format!(":{:04X}", server.address().port());
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    let sent_from = |line: &str| {
        let mut columns = line.split_whitespace().skip(1);
        let is_ours = columns.next()?.ends_with(&port);
        let (to_send, _) = columns.nth(2)?.split_once(':')?;
        is_ours.then(|| usize::from_str_radix(to_send, 16).unwrap())
    };
    sockets.lines().filter_map(sent_from).max().unwrap()
}

fn start(folder: &tempfile::TempDir) -> Server {
    Server::start(program(folder.path()).env("CONVERSATION_SECRET", "0123456789abcdef"))
}

fn connect(address: SocketAddr) -> TcpStream {
    let connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    connection
}

fn headers(path: &str, token: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: t\r\noperationID: attack\r\ntoken: {token}\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// A user's token.
fn token(server: &Server, user: &str) -> String {
    let get = json!({ "userID": user, "platformID": 5 });
    let answer = server.post("/auth/get_user_token", &server.admin_token(), &get);
    answer["data"]["token"].as_str().unwrap().to_owned()
}

/// Polls until `condition` holds.
fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LONG, "{what}");
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "polls a process, with a limit")]
fn pause() {
    thread::sleep(Duration::from_millis(10));
}

/// Calls of somebody else succeed.
fn serves_others(server: &Server) {
    let own = json!({ "ownerUserID": "bob" });
    let answer = server.post("/conversation/get_all_conversations", &token(server, "bob"), &own);
    assert_eq!(answer["errCode"], 0, "{answer}");
}

#[test]
fn serves_callers_while_strangers_hold_connections_with_unfinished_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder);
    let strangers: Vec<_> = (0..256)
        .map(|_| {
            let mut stranger = connect(server.address());
            stranger.write_all(headers("/auth/get_admin_token", "", 1_000).as_bytes()).unwrap();
            stranger.write_all(b"{").unwrap();
            stranger
        })
        .collect();
    for _ in 0..20 {
        serves_others(&server);
    }
    // Each gets a response within seconds: the body is late, or no permit was free.
    for mut stranger in strangers {
        let mut answer = [0; 12];
        stranger.read_exact(&mut answer).unwrap();
        assert!(answer == *b"HTTP/1.1 200" || answer == *b"HTTP/1.1 429", "{}", String::from_utf8_lossy(&answer));
    }
    let login = json!({ "secret": "0123456789abcdef", "userID": "imAdmin" });
    assert_eq!(server.post("/auth/get_admin_token", "", &login)["errCode"], 0);
}

/// Sends as much of a body of 16 MiB as the server takes, up to 15 MiB.
fn send_body(address: SocketAddr, path: &str, token: &str) -> io::Result<TcpStream> {
    let mut connection = connect(address);
    connection.set_write_timeout(Some(Duration::from_secs(2)))?;
    connection.write_all(headers(path, token, 16 * MIB).as_bytes())?;
    let chunk = vec![b' '; 64 * 1024];
    for _ in 0..15 * MIB / chunk.len() {
        if connection.write_all(&chunk).is_err() {
            break;
        }
    }
    Ok(connection)
}

#[test]
fn takes_little_memory_for_large_bodies_of_strangers_and_users() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder);
    let (address, user) = (server.address(), token(&server, "mallory"));
    let before = memory(&server);
    for (path, token) in [("/auth/get_admin_token", ""), ("/conversation/set_conversations", &user)] {
        let strangers: Vec<_> = thread::scope(|scope| {
            let sent: Vec<_> = (0..128).map(|_| scope.spawn(|| send_body(address, path, token))).collect();
            sent.into_iter().filter_map(|sent| sent.join().unwrap().ok()).collect()
        });
        let taken = memory(&server).saturating_sub(before);
        assert!(taken < MOST, "{path}: {} connections take {} MiB", strangers.len(), taken / MIB);
        serves_others(&server);
    }
}

/// Gives alice `count` conversations with 128 KiB of text each.
fn fill(server: &Server, count: usize) {
    let (address, token) = (server.address(), token(server, "alice"));
    let text = "x".repeat(64 * 1024);
    thread::scope(|scope| {
        for worker in 0..8 {
            let (token, text) = (&token, &text);
            scope.spawn(move || {
                for n in (worker..count).step_by(8) {
                    let conversation = json!({
                        "conversationID": format!("sg_{n}"), "conversationType": 3, "groupID": n.to_string(),
                        "ex": text, "attachedInfo": text,
                    });
                    let set = json!({ "userIDs": ["alice"], "conversation": conversation });
                    let answer = crate::harness::post(address, "/conversation/set_conversations", token, &set);
                    assert_eq!(answer.unwrap()["errCode"], 0);
                }
            });
        }
    });
}

#[test]
fn takes_little_memory_for_responses_that_nobody_reads() {
    const COUNT: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder);
    fill(&server, COUNT);
    let alice = token(&server, "alice");
    let before = memory(&server);
    let page = json!({ "pageNumber": 1, "showNumber": COUNT });
    let ids: Vec<_> = (0..COUNT).map(|n| format!("sg_{n}")).collect();
    let mut unread = Vec::new();
    for (path, body) in [
        ("/conversation/get_all_conversations", json!({ "ownerUserID": "alice" })),
        ("/conversation/get_conversations", json!({ "ownerUserID": "alice", "conversationIDs": ids })),
        ("/conversation/get_owner_conversation", json!({ "userID": "alice", "pagination": page })),
        ("/conversation/get_incremental_conversations", json!({ "userID": "alice", "versionID": "", "version": 0 })),
        ("/conversation/get_full_conversation_ids", json!({ "userID": "alice", "idHash": 0 })),
    ] {
        let body = body.to_string();
        for _ in 0..10 {
            let mut connection = connect(server.address());
            connection.write_all(headers(path, &alice, body.len()).as_bytes()).unwrap();
            connection.write_all(body.as_bytes()).unwrap();
            unread.push(connection);
        }
    }
    // Every response has begun.
    for connection in &unread {
        assert_ne!(connection.peek(&mut [0]).unwrap(), 0);
    }
    let taken = memory(&server).saturating_sub(before);
    assert!(taken < MOST, "{} responses take {} MiB", unread.len(), taken / MIB);
    // The system's memory for connections is not the server's, yet a machine or a container has only so much.
    for _ in 0..50 {
        let waiting = waiting_to_be_sent(&server);
        assert!((1..=MIB / 2).contains(&waiting), "{waiting} bytes wait for one client");
        pause();
    }
    serves_others(&server);
    let own = json!({ "ownerUserID": "alice", "conversationID": "sg_1" });
    assert_eq!(server.post("/conversation/get_conversation", &alice, &own)["errCode"], 0);
    drop(unread);
    wait_for("the permits are free again", || {
        crate::operations::metrics(&server)["conversation_http_in_flight"] == 0.0
    });

    // A client that reads gets the whole list. In HTTP/1.0 it is not in chunks.
    let body = json!({ "ownerUserID": "alice" }).to_string();
    let head = headers("/conversation/get_all_conversations", &alice, body.len()).replace("HTTP/1.1", "HTTP/1.0");
    let answer = exchange(server.address(), &(head + &body));
    let (_, json) = answer.split_once("\r\n\r\n").unwrap();
    let answer: Value = serde_json::from_str(json).unwrap();
    assert_eq!(answer["data"]["conversations"].as_array().unwrap().len(), COUNT);
}

#[test]
fn names_the_peer_of_a_refused_call_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder);
    let login = json!({ "secret": "guess", "userID": "imAdmin" });
    assert_eq!(server.post("/auth/get_admin_token", "", &login)["errCode"], 1002);
    assert!(get(server.address(), "/metrics").contains("conversation_http_wrong_secrets_total 1\n"));
    server.signal("TERM");
    let (_, log) = server.end();
    let line = log.lines().find(|line| line.contains("secret: is not the server's")).unwrap();
    assert!(line.contains("peer=127.0.0.1:"), "{line}");
}

#[test]
fn refuses_requests_without_exactly_one_host() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let mut connection = connect(server.address());
        connection.write_all(format!("GET /healthz HTTP/1.1\r\n{hosts}connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(r#""errCode":1001"#), "{answer}");
    }
}
