//! What operators and proxies see: metrics, header limits, CORS and compression.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::json;

use crate::harness::{Server, exchange, get, program};

/// The values in `/metrics`, by name and labels.
pub(crate) fn metrics(server: &Server) -> BTreeMap<String, f64> {
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

#[test]
fn rejects_long_headers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    let request =
        |bytes| format!("GET /healthz HTTP/1.1\r\nhost: t\r\nconnection: close\r\nx: {}\r\n\r\n", "x".repeat(bytes));
    let (long, short) = (exchange(server.address(), &request(100_000)), exchange(server.address(), &request(60_000)));
    assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    assert!(short.starts_with("HTTP/1.1 200 "), "{short}");
}

#[test]
fn answers_preflight_requests_on_any_path() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for path in ["/conversation/set_conversations", "/nowhere"] {
        let answer = exchange(
            server.address(),
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
        server.address(),
        "GET /openapi.json HTTP/1.1\r\nhost: t\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n",
    );
    assert!(answer.contains("content-encoding: gzip\r\n"), "{answer}");
}

/// The address of `--listen-operations` in the banner.
fn operations_address(server: &Server) -> SocketAddr {
    let (_, rest) = server.banner.split_once("metrics and health checks on http://").unwrap();
    rest.lines().next().unwrap().parse().unwrap()
}

#[test]
fn serves_operators_at_an_address_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::start(program(folder.path()).args(["--store", "memory:", "--listen-operations", "127.0.0.1:0"]));
    let (calls, operations) = (server.address(), operations_address(&server));
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(get(operations, path).starts_with("HTTP/1.1 200 "), "{path}");
        assert!(get(calls, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    for path in ["/docs", "/openapi.json"] {
        assert!(get(operations, path).starts_with("HTTP/1.1 404 "), "{path}");
        assert!(get(calls, path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    assert!(!get(calls, "/openapi.json").contains("/healthz"), "the document lists a route of the other address");
    let body = json!({ "ownerUserID": "alice" });
    assert_eq!(server.post("/conversation/get_all_conversations", &server.admin_token(), &body)["errCode"], 0);
    assert!(
        get(operations, "/metrics")
            .contains(r#"conversation_http_requests_total{route="/conversation/get_all_conversations",code="0"} 1"#)
    );
}
