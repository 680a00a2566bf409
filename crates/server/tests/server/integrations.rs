//! The webhook and the group directory.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
};

use axum::{Router, extract::Request};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime};

use crate::harness::{LONG, Server, program, run};

/// A request that another service received.
struct Received {
    path: String,
    token: String,
    signature: String,
    body: Value,
}

/// Starts another service on loopback that always returns `response`. Returns its URL and the requests.
fn service(response: &'static str) -> (String, Receiver<Received>) {
    let (send, requests) = mpsc::channel();
    let (send_url, url) = mpsc::channel();
    let router = Router::new().fallback(move |request: Request| {
        let send = send.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let header = |name: &str| {
                parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
            };
            let (token, signature) = (header("token"), header("webhook-signature"));
            let received = Received {
                path: parts.uri.to_string(),
                token,
                signature,
                body: serde_json::from_slice(&body).unwrap(),
            };
            // The test may have ended.
            let _ = send.send(received);
            response
        }
    });
    thread::spawn(move || {
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send_url.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    (url.recv_timeout(LONG).unwrap(), requests)
}

fn set(server: &Server, group: &str) -> Value {
    let conversation = json!({ "conversationID": format!("sg_{group}"), "conversationType": 3, "groupID": group });
    let mut body = json!({ "userIDs": ["alice"], "conversation": conversation });
    body["conversation"]["isPinned"] = json!(true);
    server.post("/conversation/set_conversations", &server.admin_token(), &body)
}

/// The program with an option, as a flag and as a variable.
fn both(folder: &tempfile::TempDir, flag: &str, variable: &str, value: &str) -> [Command; 2] {
    let [mut by_flag, mut by_variable] = [(); 2].map(|()| program(folder.path()));
    by_flag.args([flag, value]);
    by_variable.env(variable, value);
    [by_flag, by_variable].map(|mut command| {
        command.args(["--store", "memory:"]);
        command
    })
}

#[test]
fn sends_changes_to_the_webhook_including_the_last_ones_before_the_end() {
    let (url, requests) = service("taken");
    let folder = tempfile::tempdir().unwrap();
    for mut command in both(&folder, "--webhook", "CONVERSATION_WEBHOOK", &format!("{url}/changed?key=hush")) {
        let server = Server::start(&mut command);
        assert!(!server.banner.contains("hush"), "the URL may hold a secret");
        assert_eq!(set(&server, "one")["errCode"], 0);
        let request = requests.recv_timeout(LONG).unwrap();
        assert_eq!(request.path, "/changed?key=hush");
        assert_eq!(request.body["events"][0]["conversationID"], "sg_one");
        assert_eq!(set(&server, "two")["errCode"], 0);
        server.signal("TERM");
        let (status, log) = server.end();
        assert!(status.success() && !log.contains("hush"), "{log}");
        assert_eq!(requests.recv_timeout(LONG).unwrap().body["events"][0]["conversationID"], "sg_two");
    }
}

#[test]
fn gives_up_on_events_only_after_the_time_of_the_option() {
    let folder = tempfile::tempdir().unwrap();
    for mut command in both(&folder, "--webhook-give-up", "CONVERSATION_WEBHOOK_GIVE_UP", "1s") {
        // Port 9 is reserved for discarding; nothing listens there.
        let server = Server::start(command.args(["--webhook", "http://127.0.0.1:9"]));
        assert_eq!(set(&server, "one")["errCode"], 0);
        server.wait_for_log("the webhook gave up on events: events were dropped");
        server.signal("TERM");
        assert!(server.end().0.success());
    }
    let mut command = program(folder.path());
    command.args(["--store", "memory:", "--webhook", "http://127.0.0.1:9", "--shutdown-timeout", "1"]);
    let server = Server::start(&mut command);
    assert_eq!(set(&server, "one")["errCode"], 0);
    server.wait_for_log("the webhook's receiver accepts no events: the webhook keeps trying");
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && log.contains("closed before the sink received all events"), "{log}");
    assert!(!log.contains("gave up"), "{log}");
}

#[test]
fn signs_requests_to_the_webhook_with_each_key() {
    let (url, requests) = service("taken");
    let folder = tempfile::tempdir().unwrap();
    let (key, old) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    let file = folder.path().join("keys");
    fs::write(&file, format!("{key}\n{old}\n")).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    for (variable, value, signatures) in [
        ("CONVERSATION_WEBHOOK_KEY", key, 1),
        ("CONVERSATION_WEBHOOK_KEY_FILE", "keys", 2),
        ("CONVERSATION_WEBHOOK", &url, 0),
    ] {
        let mut command = program(folder.path());
        command.args(["--store", "memory:", "--webhook", &url]).env(variable, value);
        let server = Server::start(&mut command);
        assert_eq!(set(&server, "one")["errCode"], 0);
        let signature = requests.recv_timeout(LONG).unwrap().signature;
        assert_eq!(signature.matches("v1,").count(), signatures, "{variable}: {signature}");
        server.signal("TERM");
        let (_, log) = server.end();
        assert!(!log.contains("whsec"), "{log}");
    }
}

#[test]
fn asks_for_groups_with_the_token_of_a_file_or_the_environment() {
    let (url, requests) =
        service(r#"{"errCode":0,"data":{"groupInfos":[{"groupID":"here","status":0},{"groupID":"gone","status":2}]}}"#);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "of-a-file\n").unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let [mut by_flag, mut by_variable] = both(&folder, "--groups", "CONVERSATION_GROUPS", &url);
    by_flag.args(["--groups-token-file", "token"]).env("CONVERSATION_GROUPS_TOKEN", "another");
    by_variable.env("CONVERSATION_GROUPS_TOKEN", "of-the-environment");
    for (mut command, token) in [(by_flag, "of-a-file"), (by_variable, "of-the-environment")] {
        let server = Server::start(&mut command);
        for (group, code) in [("here", 0), ("gone", 1204), ("never", 1004)] {
            assert_eq!(set(&server, group)["errCode"], code, "{group}");
            let asked = requests.recv_timeout(LONG).unwrap();
            assert_eq!((&*asked.path, &*asked.token), ("/group/get_groups_info", token));
            assert_eq!(asked.body, json!({ "groupIDs": [group] }));
        }
    }
}

#[test]
fn fails_the_call_and_writes_nothing_without_the_group_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    // Port 9 is reserved for discarding; nothing listens there.
    command.args(["--store", "memory:", "--groups", "http://127.0.0.1:9"]).env("CONVERSATION_GROUPS_TOKEN", "hush");
    let mut server = Server::start(&mut command);
    let response = set(&server, "team");
    assert_eq!((&response["errCode"], &response["errMsg"]), (&json!(500), &json!("ServerInternalError")));
    let all =
        server.post("/conversation/get_all_conversations", &server.admin_token(), &json!({ "ownerUserID": "alice" }));
    assert_eq!(all["data"]["conversations"], json!([]));
    let log = server.kill();
    assert!(log.contains("the group directory cannot be read") && !log.contains("hush"), "{log}");
}

#[test]
fn logs_events_if_the_filter_allows() {
    let folder = tempfile::tempdir().unwrap();
    for (filter, is_logged) in [("info,conversation_events=debug", true), ("info", false)] {
        let mut command = program(folder.path());
        command.args(["--store", "memory:"]).env("RUST_LOG", filter);
        let server = Server::start(&mut command);
        set(&server, "team");
        // A stop writes the events that still wait for the log.
        server.signal("TERM");
        let (_, log) = server.end();
        assert_eq!(log.contains("a conversation changed"), is_logged, "{log}");
    }
}

#[test]
fn rejects_invalid_integrations_without_printing_secrets() {
    let folder = tempfile::tempdir().unwrap();
    for (args, sentence) in [
        (&["--webhook", "hush"][..], "--webhook: the URL must start with http:// or https://"),
        (&["--webhook", "ftp://hush@there"], "--webhook: the URL must start with http:// or https://"),
        (&["--groups", "hush:"], "--groups: the URL must start with http:// or https://"),
        (&["--groups", "http://there", "--groups-token-file", "none"], "cannot read --groups-token-file none: "),
    ] {
        let output = run(program(folder.path()).args(args).env("CONVERSATION_GROUPS_TOKEN", "hush"));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.lines().count() == 1, "{message}");
        assert!(message.contains(sentence) && !message.contains("hush"), "{message}");
    }
    let output = run(program(folder.path()).args(["--groups", "http://there"]));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("--groups needs OpenIM's admin token, in CONVERSATION_GROUPS_TOKEN or a"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file was created");
}

/// Starts a receiver that speaks TLS. Returns its port, its certificate, and a channel that is filled when a request arrives.
fn tls_receiver() -> (u16, String, Receiver<String>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, requests) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), connection);
            let mut request = [0; 4096];
            // A client that does not trust the certificate leaves.
            if let Ok(read) = stream.read(&mut request) {
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
                let _ = stream.flush();
                let _ = send.send(String::from_utf8_lossy(&request[..read]).into_owned());
            }
        }
    });
    (port, made.cert.pem(), requests)
}

#[test]
fn trusts_the_authorities_in_each_ca_file() {
    let folder = tempfile::tempdir().unwrap();
    let (port, certificate, requests) = tls_receiver();
    let (_, other, _) = tls_receiver();
    fs::write(folder.path().join("receiver.pem"), certificate).unwrap();
    fs::write(folder.path().join("other.pem"), other).unwrap();
    let url = format!("https://127.0.0.1:{port}/events");
    let start = |options: &[&str]| {
        Server::start(program(folder.path()).args(["--store", "memory:", "--webhook", &url]).args(options))
    };

    let server = start(&["--ca-file", "other.pem"]);
    assert_eq!(set(&server, "g")["errCode"], 0);
    server.wait_for_log("invalid peer certificate");
    drop(server);
    assert!(requests.try_recv().is_err(), "a receiver of another authority got a request");

    for options in
        [&["--ca-file", "other.pem", "--ca-file", "receiver.pem"][..], &["--ca-file", "other.pem,receiver.pem"]]
    {
        let server = start(options);
        assert_eq!(set(&server, "g")["errCode"], 0);
        let received = requests.recv_timeout(LONG).unwrap();
        assert!(received.starts_with("POST /events HTTP/1.1\r\n"), "{received}");
    }

    for (file, sentence) in [
        ("none.pem", "--ca-file: cannot read none.pem: No such file or directory"),
        ("empty.pem", "--ca-file: empty.pem has no certificate in PEM form"),
    ] {
        fs::write(folder.path().join("empty.pem"), "").unwrap();
        let output = run(program(folder.path()).args(["--store", "memory:", "--ca-file", file]));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(sentence), "{text}");
    }
}
