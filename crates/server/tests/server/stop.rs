//! SIGTERM and SIGINT.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::json;

use crate::harness::{LONG, Server, program};

#[test]
fn stops_cleanly_on_sigterm_and_sigint() {
    for name in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&mut program(folder.path()));
        server.signal(name);
        let (status, log) = server.end();
        assert!(status.success(), "{name}: {status}: {log}");
    }
}

#[test]
fn finishes_requests_in_progress() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    let body = json!({ "ownerUserID": "alice" }).to_string();
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    let head = format!(
        "POST /conversation/get_all_conversations HTTP/1.1\r\nhost: test\r\noperationID: 1\r\ntoken: {}\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        server.admin_token(),
        body.len(),
    );
    connection.write_all(head.as_bytes()).unwrap();
    // The server asks for the body, so the request is in progress.
    let mut interim = [0; 25];
    connection.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM");
    // The listener closes first: a refused connection means that the signal has arrived.
    while TcpStream::connect(server.address()).is_ok() {}
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains(r#""errCode":0"#), "{answer}");
    assert!(server.end().0.success());
}

#[test]
fn stops_despite_connections_without_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--request-timeout", "1"]));
    let mut idle = TcpStream::connect(server.address()).unwrap();
    let mut half = TcpStream::connect(server.address()).unwrap();
    half.write_all(b"POST /conversation/set_conversations HTTP/1.1\r\nhost:").unwrap();
    server.signal("TERM");
    assert!(server.end().0.success());
    for connection in [&mut idle, &mut half] {
        connection.set_read_timeout(Some(LONG)).unwrap();
        // Closed or reset.
        assert_eq!(connection.read(&mut [0]).unwrap_or(0), 0);
    }
}
