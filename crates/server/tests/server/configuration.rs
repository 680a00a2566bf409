//! Every option, as a flag and as a variable.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::harness::{LONG, Server, begin_call, program};

/// An effect of an option that is visible from outside.
type Probe = fn(&mut Server) -> String;

fn set(server: &Server, users: &[&str], settings: &Value) -> String {
    let mut conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g" });
    conversation.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let body = json!({ "userIDs": users, "conversation": conversation });
    server.post("/conversation/set_conversations", &server.admin_token(), &body).to_string()
}

/// The response to a request whose body never arrives; "none" if it takes longer than the read timeout.
fn body_timeout(server: &mut Server) -> String {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    connection.write_all(headers(&server.admin_token()).as_bytes()).unwrap();
    let mut response = [0; 1024];
    connection.read(&mut response).map_or("none".into(), |n| String::from_utf8_lossy(&response[..n]).into_owned())
}

/// The response to a call while another call waits for its body.
fn second_call(server: &mut Server) -> String {
    let mut first = TcpStream::connect(server.address()).unwrap();
    first.write_all(headers(&server.admin_token()).as_bytes()).unwrap();
    let began = std::time::Instant::now();
    while !metrics(server).contains("conversation_http_in_flight 1") {
        assert!(began.elapsed() < LONG, "the first call did not begin");
    }
    let mut second = TcpStream::connect(server.address()).unwrap();
    second.set_read_timeout(Some(LONG)).unwrap();
    second.write_all(format!("{}[1,2,3,4]", headers(&server.admin_token())).as_bytes()).unwrap();
    let mut response = [0; 1024];
    let read = second.read(&mut response).unwrap();
    String::from_utf8_lossy(&response[..read]).into_owned()
}

/// How a connection ends on which no second request follows.
fn idle_end(server: &mut Server) -> String {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.write_all(b"OPTIONS /a HTTP/1.1\r\nhost: t\r\n\r\n").unwrap();
    end_of(connection)
}

/// How a call ends whose body never arrives while the server stops.
fn stopped_call(server: &mut Server) -> String {
    let connection = begin_call(server.address(), &server.admin_token(), 9);
    server.signal("TERM");
    end_of(connection)
}

/// "closed" if the server closes the connection soon.
fn end_of(mut connection: TcpStream) -> String {
    connection.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    let mut rest = Vec::new();
    match connection.read_to_end(&mut rest) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => "open".into(),
        _ => "closed".into(),
    }
}

/// The status of a call with a body of 2 MiB while another body of 15 MiB is in memory. One of 16 MiB fits at any limit.
fn second_body(server: &mut Server) -> String {
    const MIB: usize = 1024 * 1024;
    let token = server.admin_token();
    let mut first = begin_call(server.address(), &token, 16 * MIB);
    first.write_all(&vec![b' '; 15 * MIB]).unwrap();
    let mut status = String::new();
    // The server reads the first body until it has all that was sent.
    for _ in 0..50 {
        let mut second = begin_call(server.address(), &token, 2 * MIB);
        // The server may reject and close before it has read everything.
        let _ = second.write_all(&vec![b' '; 2 * MIB]);
        let mut start = [0; 12];
        second.read_exact(&mut start).unwrap();
        status = String::from_utf8_lossy(&start).into_owned();
        if status.ends_with("429") {
            break;
        }
    }
    status
}

fn metrics(server: &Server) -> String {
    let mut answer = ureq::get(format!("http://{}/metrics", server.address())).call().unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// The headers of a call whose body has nine bytes.
fn headers(token: &str) -> String {
    format!(
        "POST /conversation/set_conversations HTTP/1.1\r\nhost: t\r\noperationID: 1\r\ntoken: {token}\r\ncontent-length: 9\r\n\r\n"
    )
}

#[test]
fn accepts_the_settings_that_a_file_declares() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("custom.json");
    std::fs::write(&file, r#"{ "folder": { "type": "integer", "minimum": 0, "maximum": 99 } }"#).unwrap();
    let start = |with: &dyn Fn(&mut std::process::Command)| {
        let mut command = program(folder.path());
        command.env("CONVERSATION_SECRET", "hush").args(["--store", "memory:"]);
        with(&mut command);
        Server::start(&mut command)
    };
    for with in [
        &(|command: &mut std::process::Command| _ = command.arg("--custom").arg(&file)) as &dyn Fn(&mut _),
        &|command: &mut std::process::Command| _ = command.env("CONVERSATION_CUSTOM", &file),
    ] {
        let server = start(with);
        assert!(set(&server, &["a"], &json!({ "custom": { "folder": 7 } })).contains("\"errCode\":0"));
        let refused = set(&server, &["a"], &json!({ "custom": { "folder": 100 } }));
        assert!(refused.contains("conversation.custom.folder: must be an integer from 0 to 99, got 100"), "{refused}");
    }
    let refused = set(&start(&|_| ()), &["a"], &json!({ "custom": { "folder": 7 } }));
    assert!(refused.contains("conversation.custom.folder: is not a setting of this server"), "{refused}");
}

#[test]
fn reads_each_option_from_its_flag_and_its_variable() {
    let options: [(&str, &str, &str, Probe, &str); 18] = [
        ("--listen", "CONVERSATION_LISTEN", "[::1]:0", |server| server.address().ip().to_string(), "::1"),
        (
            "--listen-operations",
            "CONVERSATION_LISTEN_OPERATIONS",
            "127.0.0.1:0",
            |server| server.banner.clone(),
            "metrics and health checks on http://127.0.0.1:",
        ),
        ("--store", "CONVERSATION_STORE", "memory:", |server| server.banner.clone(), "memory:"),
        (
            "--admin",
            "CONVERSATION_ADMINS",
            " root, ,boss ",
            |server| {
                let body = json!({ "secret": "hush", "userID": "boss" });
                format!("code {}", server.post("/auth/get_admin_token", "", &body)["errCode"])
            },
            "code 0",
        ),
        (
            "--token-lifetime",
            "CONVERSATION_TOKEN_LIFETIME",
            "2h",
            |server| {
                let body = json!({ "secret": "hush", "userID": "imAdmin" });
                format!("{} s", server.post("/auth/get_admin_token", "", &body)["data"]["expireTimeSeconds"])
            },
            "7200 s",
        ),
        ("--missing", "CONVERSATION_MISSING", "reject", |server| set(server, &["a"], &json!({ "ex": "x" })), "1004"),
        (
            "--max-users",
            "CONVERSATION_MAX_USERS",
            "2",
            |server| set(server, &["a", "b", "c"], &json!({})),
            "must have at most 2 entries, got 3",
        ),
        (
            "--max-text-bytes",
            "CONVERSATION_MAX_TEXT_BYTES",
            "3",
            |server| set(server, &["a"], &json!({ "ex": "long" })),
            "must be at most 3 bytes, got 4",
        ),
        (
            "--max-batch-bytes",
            "CONVERSATION_MAX_BATCH_BYTES",
            "11",
            |server| set(server, &["a", "b", "c"], &json!({ "ex": "four" })),
            "must store at most 11 bytes of ex, attachedInfo and custom for all users together, got 12",
        ),
        (
            "--max-body-bytes",
            "CONVERSATION_MAX_BODY_BYTES",
            "100",
            |server| set(server, &["a"], &json!({ "ex": "x".repeat(100) })),
            "100",
        ),
        ("--max-body-memory", "CONVERSATION_MAX_BODY_MEMORY", "1", second_body, "HTTP/1.1 429"),
        ("--body-timeout", "CONVERSATION_BODY_TIMEOUT", "1", body_timeout, "HTTP/1.1"),
        ("--request-timeout", "CONVERSATION_REQUEST_TIMEOUT", "1", body_timeout, "HTTP/1.1"),
        ("--max-in-flight", "CONVERSATION_MAX_IN_FLIGHT", "1", second_call, "HTTP/1.1 429"),
        ("--max-connections", "CONVERSATION_MAX_CONNECTIONS", "1", second_call, "the limit of 1 connections"),
        ("--keep-alive", "CONVERSATION_KEEP_ALIVE", "1", idle_end, "closed"),
        ("--shutdown-timeout", "CONVERSATION_SHUTDOWN_TIMEOUT", "1", stopped_call, "closed"),
        (
            "--log",
            "CONVERSATION_LOG",
            "json",
            |server| {
                set(server, &["a"], &json!({ "ex": "x" }));
                server.kill().lines().next().unwrap_or_default().chars().take(1).collect()
            },
            "{",
        ),
    ];
    for (flag, variable, value, probe, seen) in options {
        let observe = |with: &dyn Fn(&mut std::process::Command)| {
            let folder = tempfile::tempdir().unwrap();
            let mut command = program(folder.path());
            command.env("CONVERSATION_SECRET", "hush");
            with(&mut command);
            probe(&mut Server::start(&mut command))
        };
        let by_flag = observe(&|command| {
            command.args([flag, value]);
        });
        let by_variable = observe(&|command| {
            command.env(variable, value);
        });
        let default = observe(&|_| ());
        assert!(by_flag.contains(seen), "{flag}: {by_flag}");
        assert!(by_variable.contains(seen), "{variable}: {by_variable}");
        assert!(!default.contains(seen), "{flag} has no effect: {default}");
    }
}
