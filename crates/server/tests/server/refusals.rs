//! Starts that cannot be.

use std::{fs, net::TcpListener, path::Path, process::Command};

use crate::harness::{program, run};

/// It ends with a status of failure, nothing on standard output, and this one sentence on standard error.
fn refused(command: &mut Command, sentence: &str) {
    let output = run(command);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("conversation-server: "), "{told}");
    assert!(told.contains(sentence), "{told}");
    for internal in ["panicked", "Error {", "Some(", "os error", ".rs"] {
        assert!(!told.contains(internal), "{told}");
    }
}

#[test]
fn a_wrong_option_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (args, sentence) in [
        (&["--log", "xml"][..], "invalid value 'xml' for '--log <FORMAT>' [possible values: text, json]"),
        (&["--missing", "maybe"], "invalid value 'maybe' for '--missing <POLICY>' [possible values: create, reject]"),
        (&["--admin", "a,,b"], "invalid value '' for '--admin <USER>': must not be empty"),
        (&["--max-users", "0"], "invalid value '0' for '--max-users <N>'"),
        (&["--max-text-bytes", "-1"], "unexpected argument '-1' found"),
        (&["--max-body-bytes", "16 MiB"], "invalid value '16 MiB' for '--max-body-bytes <BYTES>'"),
        (&["--request-timeout", "soon"], "invalid value 'soon' for '--request-timeout <SECONDS>'"),
        (&["--secret", "hush"], "unexpected argument '--secret' found"),
        (&["--listen", "nowhere"], "cannot listen on nowhere: "),
        (&["serve"], "unrecognized subcommand 'serve'"),
        (&["--store", "memory:x"], "the store must be one of memory:, sqlite:PATH, mongodb://… and postgres://…"),
        (&["--store", "sqlite:"], "the store must be one of"),
        (&["--store", "mysql://u:hunter2@h"], "the store must be one of"),
        (&["--store", "mongodb:u:hunter2@h"], "the store must be one of"),
    ] {
        refused(program(folder.path()).args(args), sentence);
        let told = run(program(folder.path()).args(args)).stderr;
        assert!(!String::from_utf8(told).unwrap().contains("hunter2"), "a password is never repeated");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_wrong_variable_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(program(folder.path()).env("CONVERSATION_LOG", "xml"), "invalid value 'xml' for '--log <FORMAT>'");
    refused(program(folder.path()).env("CONVERSATION_SECRET", ""), "the secret in CONVERSATION_SECRET must be a text");
    refused(program(folder.path()).env("RUST_LOG", "a=b=c"), "RUST_LOG cannot be read");
}

#[test]
fn a_busy_port_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let sentence = format!("cannot listen on {address}: Address already in use\n");
    refused(program(folder.path()).args(["--listen", &address]), &sentence);
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // Where even root cannot make a file: below one, and in /proc.
    fs::write(folder.path().join("data"), "").unwrap();
    refused(&mut program(folder.path()), "cannot read the secret file data/secret: Not a directory");
    refused(
        program(folder.path()).args(["--secret-file", "/proc/secret"]),
        "cannot make the secret file /proc/secret: ",
    );
    for store in ["sqlite:data/conversations.db", "sqlite:/proc/conversations.db"] {
        let mut command = program(folder.path());
        command.env("CONVERSATION_SECRET", "s").args(["--store", store]);
        refused(&mut command, "cannot open the store");
    }
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "hush").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    refused(program(folder.path()).args(["--secret-file", "secret"]), "can be read by other users");
}

#[test]
fn a_damaged_or_foreign_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversations.db");
    for content in [&b"no database at all, but a text of some length"[..], &foreign(folder.path())] {
        fs::write(&path, content).unwrap();
        refused(program(folder.path()).args(["--store", "sqlite:conversations.db"]), "cannot open the store");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

/// A database of somebody else's.
fn foreign(folder: &Path) -> Vec<u8> {
    let path = folder.join("foreign.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("create table conversation (id integer); pragma user_version = 7;").unwrap();
    database.close().unwrap();
    fs::read(path).unwrap()
}
