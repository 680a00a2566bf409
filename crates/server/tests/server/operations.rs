//! What operators and proxies see: metrics, header limits, CORS and compression.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::harness::{LONG, Server, program};

/// The values in `/metrics`, by name and labels.
fn metrics(server: &Server) -> BTreeMap<String, f64> {
    let mut answer = ureq::get(format!("http://{}/metrics", server.address())).call().unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.body_mut().read_to_string().unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

#[test]
fn counts_calls_in_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    let conversation =
        json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true, "ex": "x" });
    let set = json!({ "userIDs": ["a", "b", "c"], "conversation": conversation });
    for _ in 0..4 {
        server.post("/conversation/set_conversations", &server.admin_token(), &set);
    }
    server.post("/conversation/set_conversations", "no token", &set);
    let metrics = metrics(&server);
    let route = r#"route="/conversation/set_conversations""#;
    let writes = r#"store="sqlite",operation="apply",result="ok""#;
    for (name, value) in [
        (format!(r#"conversation_http_requests_total{{{route},code="0"}}"#), 4.0),
        (format!(r#"conversation_http_requests_total{{{route},code="1503"}}"#), 1.0),
        (format!("conversation_http_request_seconds_count{{{route}}}"), 5.0),
        (format!(r#"conversation_http_request_seconds_bucket{{{route},le="30"}}"#), 5.0),
        ("conversation_http_in_flight".to_owned(), 0.0),
        ("conversation_http_users_per_call_sum".to_owned(), 12.0),
        (r#"conversation_http_users_per_call_bucket{le="2"}"#.to_owned(), 0.0),
        (r#"conversation_http_users_per_call_bucket{le="5"}"#.to_owned(), 4.0),
        (format!("conversation_store_operation_seconds_count{{{writes}}}"), 4.0),
        ("conversation_sqlite_queue_depth".to_owned(), 0.0),
        ("conversation_sqlite_calls_per_commit_sum".to_owned(), 4.0),
    ] {
        assert_eq!(metrics.get(&name), Some(&value), "{name} in {metrics:#?}");
    }
}

/// Everything that a new connection receives.
fn exchange(server: &Server, sent: &str) -> String {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    // The server may respond and close before it has read everything.
    let _ = connection.write_all(sent.as_bytes());
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn rejects_long_headers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    let request =
        |bytes| format!("GET /healthz HTTP/1.1\r\nhost: t\r\nconnection: close\r\nx: {}\r\n\r\n", "x".repeat(bytes));
    let (long, short) = (exchange(&server, &request(100_000)), exchange(&server, &request(60_000)));
    assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    assert!(short.starts_with("HTTP/1.1 200 "), "{short}");
}

#[test]
fn answers_preflight_requests_on_any_path() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for path in ["/conversation/set_conversations", "/nowhere"] {
        let answer = exchange(
            &server,
            &format!(
                "OPTIONS {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\norigin: https://chat.example.org\r\n\r\n"
            ),
        );
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("access-control-allow-origin: *\r\n"),
            "{answer}"
        );
    }
}

#[test]
fn compresses_responses_for_clients_that_accept_gzip() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    let answer = exchange(
        &server,
        "GET /openapi.json HTTP/1.1\r\nhost: t\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n",
    );
    assert!(answer.contains("content-encoding: gzip\r\n"), "{answer}");
}
