//! Starts that fail.

use std::{fs, net::TcpListener, path::Path, process::Command};

use crate::harness::{program, run};

/// Asserts a failure status, an empty standard output, and one line on standard error that contains `sentence`.
fn assert_fails(command: &mut Command, sentence: &str) {
    let output = run(command);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{message}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.starts_with("conversation-server: "), "{message}");
    assert!(message.contains(sentence), "{message}");
    for internal in ["panicked", "Error {", "Some(", "os error", ".rs"] {
        assert!(!message.contains(internal), "{message}");
    }
}

#[test]
fn rejects_invalid_options() {
    let folder = tempfile::tempdir().unwrap();
    for (args, sentence) in [
        (&["--log", "xml"][..], "invalid value 'xml' for '--log <FORMAT>' [possible values: text, json]"),
        (&["--missing", "maybe"], "invalid value 'maybe' for '--missing <POLICY>' [possible values: create, reject]"),
        (&["--admin", ", ,"], "invalid value ', ,' for '--admin <USERS>': must not be empty"),
        (
            &["--admin", "a b"],
            "for '--admin <USERS>': \"a b\" is not a user: write IDs without quotes, separated by commas",
        ),
        (&["--token-lifetime", "soon"], "invalid value 'soon' for '--token-lifetime <DURATION>': must be a number of"),
        (&["token", "alice "], "invalid value 'alice ' for '<USER>': must not begin or end with white space"),
        (&["--max-users", "0"], "invalid value '0' for '--max-users <N>'"),
        (&["--max-text-bytes", "-1"], "unexpected argument '-1' found"),
        (
            &["--max-body-bytes", "16 MiB"],
            "invalid value '16 MiB' for '--max-body-bytes <BYTES>': must be a number of bytes, or a number with the unit",
        ),
        (
            &["--request-timeout", "soon"],
            "invalid value 'soon' for '--request-timeout <SECONDS>': must be a number of seconds, or a number with the unit",
        ),
        (&["--secret", "hush"], "unexpected argument '--secret' found"),
        (&["--keep-alive", "0"], "invalid value '0' for '--keep-alive <SECONDS>'"),
        (
            &["--listen-operations", "nowhere"],
            "'nowhere' for '--listen-operations <HOST:PORT>': the port is missing: write nowhere:10002",
        ),
        (&["--listen", "nowhere"], "'nowhere' for '--listen <HOST:PORT>': the port is missing: write nowhere:10002"),
        (&["--listen", ":10002x"], "':10002x' for '--listen <HOST:PORT>': the port must be a number from 0 to 65535"),
        (&["--listen", "https://h:1"], "for '--listen <HOST:PORT>': this server speaks no TLS: write HOST:PORT"),
        (&["serve"], "unrecognized subcommand 'serve'"),
        (
            &["--store", "memory:x"],
            "--store: \"memory:…\" is not one of memory:, sqlite:PATH, mongodb://…, postgres://…",
        ),
        (&["--store", "sqlite:"], "is not one of memory:, sqlite:PATH, mongodb://…, postgres://…"),
        (&["--store", "mysql://u:hunter2@h"], "is not one of memory:, sqlite:PATH, mongodb://…, postgres://…"),
        (
            &["--store", "host=h password=hunter2"],
            "--store: must be one of memory:, sqlite:PATH, mongodb://…, postgres://…",
        ),
        (
            &["--store", "data/x.db"],
            "--store: \"data/x.db\" names no engine: write sqlite:data/x.db, or one of memory:",
        ),
        (&["--store", "sqlite:///x.db"], "is an absolute path to some programs and a relative one to others: write"),
        (&["--store", "sqlite:x.db?mode=ro"], "--store: the option \"mode=ro\" of SQLite is not supported"),
        (&["--store", "sqlite:$HOME/x.db"], "--store: the path contains \"$HOME\", which is not expanded"),
        (&["--store", "memory:", "--store-file", "f"], "--store and --store-file are both given: give one of them"),
        (&["--webhook", "http://h", "--webhook-file", "f"], "--webhook and --webhook-file are both given: give one"),
        (&["--max-users", "10k"], "'10k' for '--max-users <N>': must be a number in digits, without a unit"),
        (&["--adnim", "root"], "unexpected argument '--adnim' found: a similar argument exists: '--admin'"),
        (&["--store", "sqlite"], "--store: \"sqlite\" alone is not a store: write sqlite:PATH"),
        (&["--webhook-give-up", "1h"], "--webhook-give-up was given without --webhook or --webhook-file"),
        (&["--webhook", "http://h", "--webhook-give-up", "0"], "'--webhook-give-up <DURATION>': must not be zero"),
        (&["--store", "mongodb:u:hunter2@h"], "is not one of memory:, sqlite:PATH, mongodb://…, postgres://…"),
    ] {
        assert_fails(program(folder.path()).args(args), sentence);
        let message = run(program(folder.path()).args(args)).stderr;
        assert!(!String::from_utf8(message).unwrap().contains("hunter2"), "the error repeats a password");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file was created");
}

#[test]
fn names_what_is_wrong_in_a_file_of_settings_and_where() {
    let folder = tempfile::tempdir().unwrap();
    assert_fails(program(folder.path()).args(["--custom", "custom.json"]), "cannot read the file of --custom ");
    let file = folder.path().join("custom.json");
    for (json, sentence) in [
        ("", "EOF while parsing a value at line 1"),
        ("{\n \"a.b\": {} }", "the name \"a.b\" must be 1 to 64 letters, digits, _ and - at line 2"),
        ("{\n \"folder\": { \"type\": \"number\" } }", "folder: unknown variant `number`"),
        ("{\n \"folder\": { \"type\": \"integer\", \"min\": 1 } }", "folder: unknown field `min`"),
        (
            "{\n \"folder\": { \"type\": \"integer\", \"minimum\": 2, \"maximum\": 1 } }",
            "folder: minimum must not be above maximum at line 2",
        ),
    ] {
        fs::write(&file, json).unwrap();
        assert_fails(program(folder.path()).args(["--custom", "custom.json"]), "--custom: ");
        assert_fails(program(folder.path()).args(["--custom", "custom.json"]), sentence);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no file was created");
}

#[test]
fn rejects_invalid_variables() {
    let folder = tempfile::tempdir().unwrap();
    assert_fails(program(folder.path()).env("CONVERSATION_LOG", "xml"), "invalid value 'xml' for '--log <FORMAT>'");
    assert_fails(
        program(folder.path()).env("CONVERSATION_SECRET", ""),
        "the secret in CONVERSATION_SECRET must be non-empty",
    );
    assert_fails(program(folder.path()).env("RUST_LOG", "a=b=c"), "RUST_LOG is not a valid filter");
    assert_fails(
        program(folder.path()).env("CONVERSATION_GROUPS_TOKEN", "hunter2"),
        "a token for groups was given without --groups",
    );
    for variable in ["STORE", "WEBHOOK", "SECRET", "PREVIOUS_SECRET", "GROUPS_TOKEN", "WEBHOOK_KEY"] {
        let (text, file) = (format!("CONVERSATION_{variable}"), format!("CONVERSATION_{variable}_FILE"));
        let sentence = format!("{text} and {file} are both set: set one of them");
        assert_fails(program(folder.path()).env(&text, "hunter2").env(&file, "f"), &sentence);
    }
}

#[test]
fn rejects_a_port_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let sentence = format!("cannot listen on {address}: Address already in use\n");
    assert_fails(program(folder.path()).args(["--listen", &address]), &sentence);
}

#[test]
fn rejects_a_folder_without_write_access() {
    let folder = tempfile::tempdir().unwrap();
    // Even root cannot create a file below a file, or in /proc.
    fs::write(folder.path().join("data"), "").unwrap();
    assert_fails(&mut program(folder.path()), "cannot read the secret file data/secret: Not a directory");
    assert_fails(
        program(folder.path()).args(["--secret-file", "/proc/secret"]),
        "cannot create the secret file /proc/secret: ",
    );
    for store in ["sqlite:data/conversations.db", "sqlite:/proc/conversations.db"] {
        let mut command = program(folder.path());
        command.env("CONVERSATION_SECRET", "s").args(["--store", store]);
        assert_fails(&mut command, "cannot open the store");
    }
}

#[test]
fn rejects_a_secret_file_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "hush").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_fails(program(folder.path()).args(["--secret-file", "secret"]), "can be read by other users");
}

#[test]
fn rejects_a_damaged_or_foreign_database_and_leaves_it_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversations.db");
    for content in [&b"no database at all, but a text of some length"[..], &foreign(folder.path())] {
        fs::write(&path, content).unwrap();
        assert_fails(program(folder.path()).args(["--store", "sqlite:conversations.db"]), "cannot open the store");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

/// A database of another program.
fn foreign(folder: &Path) -> Vec<u8> {
    let path = folder.join("foreign.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("create table conversation (id integer); pragma user_version = 7;").unwrap();
    database.close().unwrap();
    fs::read(path).unwrap()
}

#[test]
fn rejects_a_database_that_it_cannot_write() {
    use std::os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    };

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    drop(conversation_settings_store_sqlite::SqliteStore::open(&path).unwrap());
    let before = fs::read(&path).unwrap();
    for (folder_mode, file_mode, sentence) in
        [(0o777, 0o444, "the file is read-only for this user"), (0o555, 0o666, "cannot open the store")]
    {
        fs::set_permissions(&path, fs::Permissions::from_mode(file_mode)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(folder_mode)).unwrap();
        let mut command = program(folder.path());
        command.env("CONVERSATION_SECRET", "s").args(["--store", "sqlite:x.db"]);
        // Rights do not bind root, so the program runs as another user, who owns nothing here.
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65_534).gid(65_534);
        }
        assert_fails(&mut command, sentence);
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
}
