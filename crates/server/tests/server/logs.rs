//! The content of the log.

use serde_json::json;

use crate::harness::{Server, post, program, run};

/// The log of valid and invalid requests, and the texts that must not be in it.
fn log(format: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.env("CONVERSATION_SECRET", "mark-secret").env("RUST_LOG", "trace,hyper=debug").args(["--log", format]);
    let server = Server::start(&mut command);
    let token = server.admin_token();
    let mut set = json!({ "userIDs": ["alice"], "conversation": {
        "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": "mark-ex", "attachedInfo": "mark-info",
    } });
    let path = "/conversation/set_conversations";
    assert_eq!(server.post(path, &token, &set)["errCode"], 0);
    set["conversation"]["burnDuration"] = json!(-1);
    assert_eq!(server.post(path, &token, &set)["errCode"], 1001);
    assert_ne!(server.post(path, "mark-token", &set)["errCode"], 0);
    let own = json!({ "ownerUserID": "alice", "conversationID": "sg_g" });
    assert_eq!(server.post("/conversation/get_conversation", &token, &own)["errCode"], 0);
    for secret in ["mark-secret", "mark-wrong"] {
        let body = json!({ "secret": secret, "userID": "imAdmin" });
        post(server.address(), "/auth/get_admin_token", "", &body).unwrap();
    }
    server.signal("TERM");
    (server.end().1, vec![token, "mark-".into()])
}

#[test]
fn logs_no_token_secret_or_text_at_any_level() {
    for format in ["text", "json"] {
        let (log, forbidden) = log(format);
        assert!(log.lines().count() > 5, "too few lines: {log}");
        for text in forbidden {
            assert!(!log.contains(&text), "{text} is in the log: {log}");
        }
    }
}

#[test]
fn logs_the_operation_id_in_every_line_of_a_request() {
    let (log, _) = log("json");
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_requests: Vec<_> = lines.iter().filter(|line| line.get("span").is_some()).collect();
    assert!(of_requests.len() >= 6, "fewer lines than requests: {log}");
    for line in of_requests {
        assert!(line.to_string().contains(r#":"test-1""#), "{line}");
    }
}

#[test]
fn logs_at_the_default_level_if_the_level_is_misspelt() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).env("RUST_LOG", "debugg"));
    server.signal("TERM");
    let (_, log) = server.end();
    assert!(
        log.contains("RUST_LOG: \"debugg\" is not a level: use one of off, error, warn, info, debug, trace"),
        "{log}"
    );
    assert!(log.contains("serving") && log.contains("stopped"), "{log}");
}

#[test]
fn logs_nothing_when_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).env("RUST_LOG", "off"));
    server.signal("TERM");
    assert_eq!(server.end().1, "");
    let help = run(program(folder.path()).arg("--help"));
    assert!(help.status.success() && help.stderr.is_empty());
}
