//! Secrets in files and variables.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::harness::{Server, program, run};

/// Writes a file that only its owner can read.
fn write(folder: &Path, name: &str, content: &str) {
    fs::write(folder.join(name), content).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
}

/// Asserts that a start fails with `sentence` in its only line.
fn assert_fails(command: &mut Command, sentence: &str) {
    let output = run(command);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && message.lines().count() == 1, "{message}");
    assert!(message.contains(sentence) && !message.contains("hunter2"), "{message}");
}

#[test]
fn reads_the_store_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "store", "sqlite:other.db\r\n");
    let [mut by_flag, mut by_variable, mut over_variable] = [(); 3].map(|()| program(folder.path()));
    by_flag.args(["--store-file", "store"]);
    by_variable.env("CONVERSATION_STORE_FILE", "store");
    over_variable.args(["--store-file", "store"]).env("CONVERSATION_STORE", "memory:");
    for command in [&mut by_flag, &mut by_variable, &mut over_variable] {
        let server = Server::start(command);
        assert!(server.banner.contains("/other.db\n"), "{}", server.banner);
    }
    let server = Server::start(by_variable.args(["--store", "memory:"]));
    assert!(server.banner.contains("storing in memory:"), "the flag wins: {}", server.banner);
}

#[test]
fn reads_the_webhook_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "webhook", "http://me:hunter2@127.0.0.1:9/changed\n");
    let server = Server::start(program(folder.path()).args(["--store", "memory:", "--webhook-file", "webhook"]));
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && !log.contains("hunter2"), "{log}");
    write(folder.path(), "webhook", "hunter2");
    let error = "--webhook-file: the URL must start with http:// or https://";
    assert_fails(program(folder.path()).env("CONVERSATION_WEBHOOK_FILE", "webhook"), error);
}

#[test]
fn refuses_files_that_others_can_read_or_that_name_no_store() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "store", "mysql://me:hunter2@h");
    assert_fails(program(folder.path()).args(["--store-file", "store"]), "--store-file: \"mysql:…\" is not one of");
    fs::set_permissions(folder.path().join("store"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_fails(program(folder.path()).args(["--store-file", "store"]), "can be read by other users: run chmod 600");
    assert_fails(
        program(folder.path()).args(["--store-file", "none"]),
        "cannot read the secret file none: No such file",
    );
}

#[test]
fn refuses_webhook_keys_of_another_form() {
    let folder = tempfile::tempdir().unwrap();
    let command = || {
        let mut command = program(folder.path());
        command.env("CONVERSATION_WEBHOOK_KEY", "hunter2");
        command
    };
    let error = "the webhook key: a key must be whsec_ and 24 to 64 bytes in base64";
    assert_fails(command().args(["--webhook", "http://127.0.0.1:9"]), error);
    assert_fails(&mut command(), "a webhook key was given without --webhook or --webhook-file");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file was created");
}

#[test]
fn removes_unfinished_secret_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    write(folder.path(), "data/.secret.unfinished-x1Y2z3.tmp", "7f");
    drop(Server::start(&mut program(folder.path())));
    let mut left: Vec<_> =
        fs::read_dir(folder.path().join("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.retain(|name| name.to_str().unwrap().contains("secret"));
    assert_eq!(left, ["secret"]);
}
