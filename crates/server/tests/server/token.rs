//! `conversation-server token`.

use serde_json::{Value, json};

use crate::harness::{Server, program, run};

fn token(command: &mut std::process::Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), 1, "more than the token: {printed}");
    printed.trim_end().to_owned()
}

fn pin(server: &Server, token: &str, user: &str) -> Value {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true });
    let body = json!({ "userIDs": [user], "conversation": conversation });
    server.post("/conversation/set_conversations", token, &body)["errCode"].clone()
}

#[test]
fn prints_user_tokens_and_admin_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--admin", "root"]));
    let of_alice = token(program(folder.path()).args(["--admin", "root", "token", "alice"]));
    let of_root = token(program(folder.path()).args(["--admin", "root", "token", "root"]));
    assert_eq!(pin(&server, &of_alice, "alice"), 0);
    assert_eq!(pin(&server, &of_alice, "bob"), 1002);
    assert_eq!(pin(&server, &of_root, "bob"), 0);
}

#[test]
fn prints_a_valid_token_before_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let of_alice = token(program(folder.path()).args(["token", "alice"]));
    let server = Server::start(&mut program(folder.path()));
    assert_eq!(pin(&server, &of_alice, "alice"), 0);
}

#[test]
fn rejects_a_token_of_another_secret() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    let foreign = token(program(folder.path()).env("CONVERSATION_SECRET", "another").args(["token", "imAdmin"]));
    assert_eq!(pin(&server, &foreign, "alice"), 1505);
}

#[test]
fn rejects_an_invalid_user() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(program(folder.path()).args(["token", ""]));
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}
