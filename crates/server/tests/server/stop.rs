//! SIGTERM and SIGINT.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use serde_json::json;

use crate::harness::{LONG, Server, begin_call, program};

/// Options with which a call that sends no body goes on.
const WITHOUT_TIMEOUTS: [&str; 6] =
    ["--shutdown-timeout", "3600", "--body-timeout", "3600", "--request-timeout", "3600"];

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
    let mut connection = begin_call(server.address(), &server.admin_token(), body.len());
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
    let server = Server::start(program(folder.path()).args(["--shutdown-timeout", "3600"]));
    let mut idle = TcpStream::connect(server.address()).unwrap();
    let mut used = TcpStream::connect(server.address()).unwrap();
    used.write_all(b"GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n").unwrap();
    used.read_exact(&mut [0; 15]).unwrap();
    let mut half = TcpStream::connect(server.address()).unwrap();
    half.write_all(b"POST /conversation/set_conversations HTTP/1.1\r\nhost:").unwrap();
    server.signal("TERM");
    assert!(server.end().0.success());
    for connection in [&mut idle, &mut half] {
        connection.set_read_timeout(Some(LONG)).unwrap();
        // Closed or reset.
        assert_eq!(connection.read(&mut [0]).unwrap_or(0), 0);
    }
    drop(used);
}

#[test]
fn gives_requests_and_events_one_deadline() {
    let folder = tempfile::tempdir().unwrap();
    // Accepts requests and never responds.
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}", receiver.local_addr().unwrap());
    let server = Server::start(program(folder.path()).args(["--shutdown-timeout", "1", "--webhook", &webhook]));
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true });
    let set = json!({ "userIDs": ["alice"], "conversation": conversation });
    assert_eq!(server.post("/conversation/set_conversations", &server.admin_token(), &set)["errCode"], 0);
    let call = begin_call(server.address(), &server.admin_token(), 9);
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success(), "{log}");
    for line in ["stopped before some requests finished", "closed before the sink received all events"] {
        assert!(log.contains(line), "{line} is not in the log: {log}");
    }
    drop((call, receiver));
}

#[test]
fn sends_events_while_calls_are_finished() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}", receiver.local_addr().unwrap());
    let server = Server::start(program(folder.path()).args(WITHOUT_TIMEOUTS).args(["--webhook", &webhook]));
    let pin = |group: &str| {
        let conversation = json!({
            "conversationID": format!("sg_{group}"), "conversationType": 3, "groupID": group, "isPinned": true
        });
        let set = json!({ "userIDs": ["alice"], "conversation": conversation });
        assert_eq!(server.post("/conversation/set_conversations", &server.admin_token(), &set)["errCode"], 0);
    };
    pin("one");
    let first = Delivery::accept(&receiver);
    assert!(first.body.contains("sg_one"), "{}", first.body);
    // This event waits until the first one is delivered.
    pin("two");
    let mut call = begin_call(server.address(), &server.admin_token(), 9);
    server.signal("TERM");
    server.wait_for_log("stopping");
    first.confirm();
    let second = Delivery::accept(&receiver);
    assert!(second.body.contains("sg_two"), "{}", second.body);
    second.confirm();
    // The call is in progress to the last.
    call.write_all(b"[1,2,3,4]").unwrap();
    let mut response = String::new();
    call.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    let (status, log) = server.end();
    assert!(status.success() && !log.contains("before"), "{log}");
}

/// A request to a webhook's receiver that has no response yet.
struct Delivery {
    connection: TcpStream,
    body: String,
}

impl Delivery {
    fn accept(receiver: &TcpListener) -> Self {
        let (mut connection, _) = receiver.accept().unwrap();
        connection.set_read_timeout(Some(LONG)).unwrap();
        let mut request = Vec::new();
        // The events are an array in an object, the last thing of the body.
        while !request.ends_with(b"]}") {
            let mut bytes = [0; 4096];
            let count = connection.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "{}", String::from_utf8_lossy(&request));
            request.extend_from_slice(&bytes[..count]);
        }
        Self { connection, body: String::from_utf8(request).unwrap() }
    }

    fn confirm(mut self) {
        self.connection.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
    }
}

#[test]
fn ends_at_once_on_a_second_signal() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(WITHOUT_TIMEOUTS));
    let call = begin_call(server.address(), &server.admin_token(), 9);
    server.signal("TERM");
    server.wait_for_log("stopping");
    server.signal("INT");
    let (status, log) = server.end();
    assert!(status.success() && log.contains("a second signal arrived"), "{log}");
    assert!(!log.contains("timeout is over"), "the timeout is an hour: {log}");
    drop(call);
}
