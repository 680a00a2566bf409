//! Many connections, and slow ones. `serve/connection/tests.rs` tests the timeouts with a clock of its own.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::harness::{LONG, Server, begin_call, exchange, get, limited_program, program, wait_for};

/// The limits of open files of a process: soft and hard.
#[cfg(target_os = "linux")]
fn open_files(server: &Server) -> [u64; 2] {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
    [(); 2].map(|()| numbers.next().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn raises_the_soft_limit_of_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(limited_program(folder.path(), "-Sn 64").args([
        "--store",
        "memory:",
        "--max-connections",
        "100",
    ]));
    let [soft, hard] = open_files(&server);
    assert!(soft > 100 || soft == hard, "{soft} of {hard}");
    assert!(get(server.address(), "/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn answers_calls_beside_idle_connections_beyond_the_limit_of_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut limited_program(folder.path(), "-n 64"));
    server.wait_for_log("--max-connections is lowered from 4096");
    let idle: Vec<_> = (0..100).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    let body = json!({ "ownerUserID": "alice" });
    for _ in 0..10 {
        assert!(get(server.address(), "/healthz").starts_with("HTTP/1.1 200 "));
        let all = server.post("/conversation/get_all_conversations", &server.admin_token(), &body);
        assert_eq!(all["errCode"], 0, "{all}");
    }
    assert!(get(server.address(), "/metrics").contains(r#"conversation_connections_ended_total{reason="yielded"}"#));
    drop(idle);
}

/// The body may be slow, or the client may send it only to hear that the token is wrong.
#[test]
fn refuses_before_the_body_arrives_and_serves_the_next_request() {
    const BODY: usize = 100_000;
    let folder = tempfile::tempdir().unwrap();
    // Only the end of the body ends the call.
    let timeouts = ["--body-timeout", "3600", "--request-timeout", "3600", "--max-body-bytes", "100000"];
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]).args(timeouts));
    let path = "/conversation/get_all_conversations";
    let right = format!("operationID: 1\r\ntoken: {}\r\n", server.admin_token());
    for (path, headers, length, detail) in [
        (path, "operationID: 1\r\n", BODY, "header must have token"),
        (path, "operationID: 1\r\ntoken: x\r\n", BODY, "token: is malformed"),
        (path, "token: x\r\n", BODY, "header must have operationID"),
        (path, &format!("{right}content-encoding: gzip\r\n"), BODY, "header content-encoding: must be absent or"),
        ("/nowhere", "", BODY, "the path does not exist"),
        ("/healthz", "", BODY, "the path does not support this method"),
        (path, &right, BODY + 1, "body: must be at most 100000 bytes"),
        (path, &right.replace("token", "Token"), BODY + 1, "body: must be at most 100000 bytes"),
    ] {
        let mut connection = TcpStream::connect(server.address()).unwrap();
        connection.set_read_timeout(Some(LONG)).unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: t\r\n{headers}content-length: {length}\r\n\r\n");
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(b"{").unwrap();
        let response = read_response(&mut connection);
        assert!(response.contains(detail), "{response}");
        connection.write_all(&vec![b' '; length - 1]).unwrap();
        connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n").unwrap();
        let next = read_response(&mut connection);
        assert!(next.starts_with("HTTP/1.1 200 OK\r\n") && next.contains(r#""errCode":0"#), "{next}");
    }
}

/// One response with a length.
fn read_response(connection: &mut TcpStream) -> String {
    let mut response = Vec::new();
    let mut byte = [0];
    while !response.ends_with(b"\r\n\r\n") {
        connection.read_exact(&mut byte).unwrap();
        response.push(byte[0]);
    }
    let head = String::from_utf8(response).unwrap();
    let (_, length) = head.split_once("content-length: ").expect("the response has a length");
    let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

#[test]
fn answers_operators_while_all_connections_are_busy() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:", "--max-connections", "2"]));
    let busy = [(); 2].map(|()| begin_call(server.address(), &server.admin_token(), 9));
    let call = "POST /conversation/get_all_conversations HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n{}";
    let response = exchange(server.address(), call);
    assert!(response.starts_with("HTTP/1.1 429 ") && response.contains("retry-after: 1\r\n"), "{response}");
    assert!(response.contains(r#""errCode":429"#) && response.contains("limit of 2 connections"), "{response}");
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(get(server.address(), path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    drop(busy);
    wait_for(|| get(server.address(), "/docs").starts_with("HTTP/1.1 200 "), || "no connection is free".to_owned());
}

#[test]
fn replaces_idle_connections_with_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:", "--max-connections", "1"]));
    let mut old = TcpStream::connect(server.address()).unwrap();
    old.set_read_timeout(Some(LONG)).unwrap();
    old.write_all(b"GET /healthz HTTP/1.1\r\nhost:").unwrap();
    assert!(get(server.address(), "/docs").starts_with("HTTP/1.1 200 "));
    // Closed or reset.
    assert_eq!(old.read(&mut [0]).unwrap_or(0), 0);
}
