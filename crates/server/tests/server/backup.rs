//! `conversation-server backup` and `restore`, from outside.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

use serde_json::{Value, json};

use crate::harness::{Server, program, run};

fn set(server: &Server, ex: &str) {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": ex });
    let body = json!({ "userIDs": ["a"], "conversation": conversation });
    assert_eq!(server.post("/conversation/set_conversations", &server.admin_token(), &body)["errCode"], 0);
}

fn ex(server: &Server) -> Value {
    let body = json!({ "ownerUserID": "a", "conversationID": "sg_g" });
    let answer = server.post("/conversation/get_conversation", &server.admin_token(), &body);
    answer["data"]["conversation"]["ex"].clone()
}

/// What a client gets that synced up to `version` of the log `id`.
fn changes(server: &Server, version: &Value, id: &Value) -> Value {
    let body = json!({ "userID": "a", "version": version, "versionID": id });
    server.post("/conversation/get_incremental_conversations", &server.admin_token(), &body)["data"].clone()
}

fn command(folder: &Path, args: &[&str]) -> Output {
    run(program(folder).args(args))
}

/// What a command that succeeds prints.
fn succeed(folder: &Path, args: &[&str]) -> String {
    let output = command(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "progress is for terminals: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one sentence of a command that fails.
fn fail(folder: &Path, args: &[&str]) -> String {
    let output = command(folder, args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn backs_up_while_the_server_runs_and_restores_after_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut server = Server::start(&mut program(folder));
    set(&server, "first");
    let printed = succeed(folder, &["backup", "copy.db"]);
    assert!(printed.contains("data/conversations.db to copy.db"), "{printed}");
    assert_eq!(fs::metadata(folder.join("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let synced = changes(&server, &json!(0), &json!(""));
    set(&server, "second");
    let newer = changes(&server, &synced["version"], &synced["versionID"]);
    assert_eq!(newer["full"], false);

    let refused = fail(folder, &["restore", "copy.db"]);
    assert!(refused.contains("is in use: stop the server"), "{refused}");
    set(&server, "third");
    // As `kill -9` leaves the files: with a log.
    server.kill();
    assert!(folder.join("data/conversations.db-wal").exists());
    let printed = succeed(folder, &["restore", "copy.db"]);
    assert!(printed.contains("data/conversations.db.before-restore"), "{printed}");

    let server = Server::start(&mut program(folder));
    assert_eq!(ex(&server), "first");
    set(&server, "fourth");
    for known in [&synced, &newer] {
        assert_eq!(changes(&server, &known["version"], &known["versionID"])["full"], true, "{known}");
    }
    let kept = ["--store", "sqlite:data/conversations.db.before-restore"];
    assert_eq!(ex(&Server::start(program(folder).args(kept))), "third");
}

#[test]
fn takes_the_options_of_the_store_before_and_after_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = ["--store", "sqlite:own/x.db"];
    let server = Server::start(program(folder).args(store));
    set(&server, "x");
    fs::write(folder.join("address"), "sqlite:own/x.db\n").unwrap();
    fs::set_permissions(folder.join("address"), fs::Permissions::from_mode(0o600)).unwrap();
    succeed(folder, &["--store", "sqlite:own/x.db", "backup", "1.db"]);
    succeed(folder, &["backup", "2.db", "--store", "sqlite:own/x.db"]);
    succeed(folder, &["backup", "3.db", "--store-file", "address"]);
    let output = run(program(folder).env("CONVERSATION_STORE", "sqlite:own/x.db").args(["backup", "4.db"]));
    assert!(output.status.success());
    succeed(folder, &["restore", "3.db", "--store=sqlite:new/y.db"]);
    assert_eq!(ex(&Server::start(program(folder).args(["--store", "sqlite:new/y.db"]))), "x");
}

#[test]
fn refuses_with_one_sentence_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("text"), "x".repeat(5_000)).unwrap();
    for (args, reason) in [
        (&["backup", "x.db"][..], "data/conversations.db: No such file"),
        (&["backup", "text"], "text exists already: name a new file"),
        (&["restore", "x.db"], "x.db: No such file"),
        (&["restore", "text"], "text is damaged or not an SQLite database"),
        (&["backup", "x.db", "--store", "memory:"], "are for sqlite:PATH"),
        (&["backup", "x.db", "--store", "sqlite::memory:"], "are for sqlite:PATH"),
        (&["backup", "x.db", "--store", "mongodb://u:hunter2@h/db"], "mongodump and mongorestore"),
        (&["restore", "x.db", "--store", "postgres://u:hunter2@h/db"], "pg_dump and pg_restore"),
        (&["backup", "x/"], "names a folder"),
    ] {
        let text = fail(folder, args);
        assert!(text.contains(reason), "{args:?}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("os error"), "{text}");
        assert!(!folder.join("x.db").exists() && !folder.join("data/conversations.db").exists());
    }
}
