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

/// The path is probably misspelt: a server with a new secret accepts none of the tokens.
#[test]
fn refuses_a_missing_secret_file_beside_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str| {
        let mut command = program(folder.path());
        command.env("CONVERSATION_SECRET", "hunter2").args(["--store", "memory:", "--secret-file", name]);
        command
    };
    let typo = folder.path().canonicalize().unwrap().join("typo");
    let sentence = format!("--secret-file: {} does not exist, and CONVERSATION_SECRET is set: correct", typo.display());
    assert_fails(&mut with("typo"), &sentence);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file was created");

    write(folder.path(), "secret", "the secret of this server");
    let server = Server::start(&mut with("secret"));
    let path = folder.path().canonicalize().unwrap().join("secret");
    let line = format!("signing tokens with the secret in {}\n", path.display());
    assert!(server.banner.contains(&line), "{}", server.banner);
    server.wait_for_log("the variable CONVERSATION_SECRET has no effect: --secret-file is given");
}

#[test]
fn says_where_the_secret_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("data/secret");
    let in_file = format!("signing tokens with the secret in {}", path.display());
    for (variables, line) in [
        (&[][..], format!("{in_file} (new: no token is valid yet)\n")),
        (&[], format!("{in_file}\n")),
        (&[("CONVERSATION_SECRET", "hunter2")], "signing tokens with the secret in CONVERSATION_SECRET\n".into()),
    ] {
        let server = Server::start(program(folder.path()).envs(variables.iter().copied()).args(["--store", "memory:"]));
        assert!(server.banner.contains(&line) && !server.banner.contains("hunter2"), "{}", server.banner);
    }
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
    for option in ["--store-file", "--webhook-file", "--webhook-key-file", "--previous-secret-file"] {
        let sentence = format!("cannot read {option} none: No such file");
        assert_fails(program(folder.path()).args([option, "none"]), &sentence);
    }
    for (content, problem) in [
        (
            "\u{feff}memory:",
            "--store-file store begins with a byte order mark (BOM): save the file as UTF-8 without it",
        ),
        ("\"memory:\"\n", "--store-file: begins with a quote: write it without quotes"),
        ("memory:\nsqlite:x.db\n", "--store-file: must be one line"),
        ("", "--store-file store is empty"),
    ] {
        write(folder.path(), "store", content);
        assert_fails(program(folder.path()).args(["--store-file", "store"]), problem);
    }
    write(folder.path(), "store", "\r\nmemory:\r\n\r\n");
    assert!(Server::start(program(folder.path()).args(["--store-file", "store"])).banner.contains("in memory:"));
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
