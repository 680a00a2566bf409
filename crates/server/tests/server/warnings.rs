//! Starts that work but carry a risk.

use std::process::Command;

use crate::harness::{Server, program, run};

const NO_TLS: &str = "this server speaks no TLS and listens beyond this machine";
const SHORT: &str = "a secret shorter than 16 bytes can be guessed";
const NO_ADMIN: &str = "a secret was given without --admin";
const WRAPPED: &str = "a secret begins and ends with a quote or has white space around it";
const LONG_SECRET: &str = "0123456789abcdef";

/// The warnings of a start and stop.
fn warnings(command: &mut Command) -> Vec<&'static str> {
    let server = Server::start(command.args(["--store", "memory:"]));
    server.signal("TERM");
    let (_, log) = server.end();
    [NO_TLS, SHORT, NO_ADMIN, WRAPPED].into_iter().filter(|warning| log.contains(warning)).collect()
}

#[test]
fn warns_of_addresses_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    for (listen, expected) in [
        ("127.0.0.1:0", &[][..]),
        ("localhost:0", &[]),
        ("[::1]:0", &[]),
        ("0.0.0.0:0", &[NO_TLS]),
        ("[::]:0", &[NO_TLS]),
        (":0", &[NO_TLS]),
    ] {
        assert_eq!(warnings(program(folder.path()).args(["--listen", listen])), expected, "{listen}");
    }
    assert_eq!(warnings(program(folder.path()).args(["--listen-operations", "0.0.0.0:0"])), [NO_TLS]);
    assert_eq!(warnings(program(folder.path()).args(["--listen-operations", "127.0.0.1:0"])), [""; 0]);
}

#[test]
fn warns_of_short_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let with = |secret: &str, previous: Option<&str>| {
        let mut command = program(folder.path());
        command.args(["--admin", "imAdmin"]).env("CONVERSATION_SECRET", secret);
        command.envs(previous.map(|previous| ("CONVERSATION_PREVIOUS_SECRET", previous)));
        warnings(&mut command)
    };
    assert_eq!(with("0123456789abcde", None), [SHORT]);
    assert_eq!(with(LONG_SECRET, None), [""; 0]);
    assert_eq!(with(LONG_SECRET, Some("openIM123")), [SHORT]);
}

#[test]
fn warns_of_quotes_and_white_space_around_secrets() {
    let folder = tempfile::tempdir().unwrap();
    for wrapped in ["\"0123456789abcdef\"", "'0123456789abcdef'", "0123456789abcdef\n", " 0123456789abcdef"] {
        let mut command = program(folder.path());
        command.args(["--admin", "imAdmin"]).env("CONVERSATION_SECRET", wrapped);
        assert_eq!(warnings(&mut command), [WRAPPED], "{wrapped:?}");
    }
}

#[test]
fn warns_of_limits_without_effect() {
    let folder = tempfile::tempdir().unwrap();
    for (args, warning) in [
        (&["--body-timeout", "60"][..], "--body-timeout is longer than --request-timeout"),
        (&["--max-text-bytes", "32MiB"], "--max-text-bytes is more than --max-body-bytes"),
        (&["--max-body-memory", "1MiB"], "--max-body-memory is less than --max-body-bytes, so it is raised"),
        (&["--request-timeout", "5"], ""),
        (&["--max-body-bytes", "1KiB"], ""),
        (&["--max-body-bytes", "1GiB"], ""),
        (&["--body-timeout", "60", "--request-timeout", "60"], ""),
    ] {
        let server = Server::start(program(folder.path()).args(["--store", "memory:"]).args(args));
        server.signal("TERM");
        let (_, log) = server.end();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains("WARN")).collect();
        let expected = usize::from(!warning.is_empty());
        assert!(warnings.len() == expected && log.contains(warning), "{args:?}: {warnings:?}");
    }
}

#[test]
fn warns_of_variables_without_effect() {
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("CONVERSATION_ADMIN", "root"), ("CONVERSATION_TEST_POSTGRES", "x"), ("conversation_listen", ":1")];
    let server = Server::start(program(folder.path()).envs(variables).args(["--store", "memory:"]));
    server.signal("TERM");
    let (_, log) = server.end();
    let meant = "the variable CONVERSATION_ADMIN has no effect: did you mean CONVERSATION_ADMINS?";
    assert_eq!(log.matches("has no effect").count(), 2, "{log}");
    assert!(log.contains(meant) && log.contains("did you mean CONVERSATION_LISTEN?"), "{log}");

    let output = run(program(folder.path()).envs(variables).args(["token", "alice"]));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && message.starts_with(&format!("conversation-server: {meant}\n")), "{message}");
}

#[test]
fn warns_of_a_given_secret_without_admins() {
    let folder = tempfile::tempdir().unwrap();
    let with = |variables: &[(&str, &str)], args: &[&str]| {
        warnings(program(folder.path()).envs(variables.iter().copied()).args(args))
    };
    assert_eq!(with(&[("CONVERSATION_SECRET", LONG_SECRET)], &[]), [NO_ADMIN]);
    assert_eq!(with(&[("CONVERSATION_SECRET", LONG_SECRET)], &["--admin", "imAdmin"]), [""; 0]);
    assert_eq!(with(&[("CONVERSATION_SECRET", LONG_SECRET), ("CONVERSATION_ADMINS", "root")], &[]), [""; 0]);
    assert_eq!(with(&[], &[]), [""; 0], "the server's own secret");
    assert_eq!(with(&[], &[]), [""; 0], "the server's own secret of an earlier start");
    assert_eq!(with(&[], &["--secret-file", "new"]), [""; 0], "created at this start");
    assert_eq!(with(&[], &["--secret-file", "new"]), [NO_ADMIN]);
}
