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

/// A token of a secret that no server has is worth nothing.
#[test]
fn creates_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().canonicalize().unwrap().join(name).display().to_string();
    for (args, sentence) in [
        (
            &["token", "alice"][..],
            format!(
                "there is no secret to sign with: CONVERSATION_SECRET is not set, and {} does not exist. Run this in the \
                 server's folder, or name the server's secret with --secret-file",
                path("data/secret")
            ),
        ),
        (
            &["token", "alice", "--secret-file", "typo"],
            format!("--secret-file: {} does not exist: name the file of the server, which creates it", path("typo")),
        ),
    ] {
        let output = run(program(folder.path()).args(args));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(message, format!("conversation-server: {sentence}\n"));
        assert!(!output.status.success() && output.stdout.is_empty());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file was created");
    let server = Server::start(&mut program(folder.path()));
    assert_eq!(pin(&server, &token(program(folder.path()).args(["token", "alice"])), "alice"), 0);
}

#[test]
fn rejects_a_token_of_another_secret() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    let foreign = token(program(folder.path()).env("CONVERSATION_SECRET", "another").args(["token", "imAdmin"]));
    assert_eq!(pin(&server, &foreign, "alice"), 1505);
}

#[test]
fn accepts_options_after_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--secret-file", "own", "--store", "memory:"]));
    let of_alice =
        token(program(folder.path()).args(["token", "alice", "--secret-file", "own", "--token-lifetime=60"]));
    assert_eq!(pin(&server, &of_alice, "alice"), 0);
}

#[test]
fn accepts_tokens_of_the_previous_secret_until_the_rotation_ends() {
    let folder = tempfile::tempdir().unwrap();
    let with = |current: &str| {
        let mut command = program(folder.path());
        command.args(["--store", "memory:"]).env("CONVERSATION_SECRET", current);
        command
    };
    let (old, new) = ("the secret of the year before", "the secret of this year");
    let of_alice = token(with(old).args(["token", "alice"]));
    let rotating = Server::start(with(new).env("CONVERSATION_PREVIOUS_SECRET", old));
    assert_eq!(pin(&rotating, &of_alice, "alice"), 0);
    for (secret, is_accepted) in [(new, true), (old, false)] {
        let body = json!({ "secret": secret, "userID": "imAdmin" });
        assert_eq!(rotating.post("/auth/get_admin_token", "", &body)["errCode"] == 0, is_accepted, "{secret}");
    }
    let of_bob = token(with(new).env("CONVERSATION_PREVIOUS_SECRET", old).args(["token", "bob"]));
    let ended = Server::start(&mut with(new));
    assert_eq!(pin(&ended, &of_bob, "bob"), 0, "the current secret signs");
    assert_eq!(pin(&ended, &of_alice, "alice"), 1505);
}

#[test]
fn rejects_an_invalid_user() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(program(folder.path()).args(["token", ""]));
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}
