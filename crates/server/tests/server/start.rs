//! The first steps of the README.

use std::{fs, os::unix::fs::MetadataExt, process::Command};

use crate::harness::{Server, program};

const README: &str = include_str!("../../../../README.md");

#[test]
fn returns_what_the_readme_shows_for_the_printed_commands() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    for command in server.commands() {
        let output = Command::new("bash").args(["-c", &command]).output().expect("bash and curl are installed");
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command}");
        assert!(answer.starts_with(r#"{"errCode":0,"#) && answer.ends_with("}\n"), "{answer}");
        assert!(
            README.lines().any(|line| line == answer.trim_end()),
            "the README shows another response than {answer}"
        );
    }
}

#[test]
fn prints_the_commands_that_the_readme_shows_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_on_terminal(&mut program(folder.path()));
    let (_, token) = server.banner.split_once("'token: ").unwrap();
    let (token, _) = token.split_once('\'').unwrap();
    let own = serde_json::json!({ "ownerUserID": "alice" });
    assert_eq!(server.post("/conversation/get_all_conversations", token, &own)["errCode"], 0);
    for command in server.commands() {
        let shown = command.replace(token, "…").replace(&server.address().to_string(), "127.0.0.1:10002");
        assert!(README.contains(&shown), "the README does not show {shown}");
    }
}

/// Journals and container logs keep what a server prints.
#[test]
fn prints_no_token_without_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    // The first characters of every token.
    assert!(!server.banner.contains("eyJ"), "{}", server.banner);
    assert!(server.admin_token().starts_with("eyJ"));
}

#[test]
fn prints_a_token_command_that_works_with_the_options_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let own = serde_json::json!({ "ownerUserID": "alice" });
    let with = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = program(folder.path());
        command.args(["--store", "memory:"]).args(args).envs(variables.iter().copied());
        let server = Server::start(&mut command);
        let answer = server.post("/conversation/get_all_conversations", &server.admin_token(), &own);
        assert_eq!(answer["errCode"], 0, "{args:?} {variables:?}: {answer}");
        server.banner.clone()
    };
    with(&["--secret-file", "it's a secret"], &[]);
    with(&["--admin", "root, -boss", "--token-lifetime", "1h"], &[]);
    with(&["--admin=-boss"], &[]);
    with(&[], &[("CONVERSATION_ADMINS", "ro$ot"), ("CONVERSATION_SECRET_FILE", "other")]);
    let banner = with(&[], &[("CONVERSATION_SECRET", "a secret of this test")]);
    assert!(banner.contains("$("), "{banner}");
}

#[test]
fn prints_one_name_and_version() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::harness::run(program(folder.path()).arg("--version"));
    let version = String::from_utf8(output.stdout).unwrap();
    assert_eq!(version, concat!("conversation-server ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(Server::start(&mut program(folder.path())).banner.starts_with(&version));
}

#[test]
fn prints_its_name_address_and_store() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    assert!(server.banner.starts_with(concat!("conversation-server ", env!("CARGO_PKG_VERSION"), "\n")));
    assert_ne!(server.address().port(), 0);
    let database = folder.path().canonicalize().unwrap().join("data/conversations.db");
    assert!(server.banner.contains(&format!("storing in sqlite:{}\n", database.display())), "{}", server.banner);
    assert!(database.is_file());
}

#[test]
fn prints_a_connectable_address_when_listening_on_all() {
    let folder = tempfile::tempdir().unwrap();
    for (listen, called) in [("0.0.0.0:0", "127.0.0.1"), ("localhost:0", "127.0.0.1")] {
        let server = Server::start(program(folder.path()).args(["--store", "memory:", "--listen", listen]));
        assert_eq!(server.address().ip().to_string(), called, "{listen}");
    }
    for listen in [":0", "*:0", "http://*:0/"] {
        let server = Server::start(program(folder.path()).args(["--store", "memory:", "--listen", listen]));
        let command = server.commands().remove(0);
        let (_, url) = command.split_once("http://").unwrap();
        let host = url.split('/').next().unwrap();
        for host in [host, &format!("127.0.0.1:{}", host.rsplit_once(':').unwrap().1)] {
            let answer = ureq::get(format!("http://{host}/healthz")).call().unwrap();
            assert_eq!(answer.status(), 200, "{listen}: {host}");
        }
    }
}

/// As with `conversation-server | head -1`.
#[test]
fn serves_although_nobody_reads_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = program(folder.path());
    let mut child = command.args(["--listen", &listen.to_string()]).stdout(writer).spawn().unwrap();
    let began = std::time::Instant::now();
    let is_ready = || ureq::get(format!("http://{listen}/readyz")).call().is_ok();
    while !is_ready() {
        assert_eq!(child.try_wait().unwrap(), None, "the server ended");
        assert!(began.elapsed() < crate::harness::LONG, "the server is not ready");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn is_healthy_and_ready() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    for path in ["/healthz", "/readyz"] {
        let answer = ureq::get(format!("http://{}{path}", server.address())).call().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[test]
fn uses_one_secret_for_concurrent_starts() {
    let folder = tempfile::tempdir().unwrap();
    let servers = std::thread::scope(|scope| {
        let start = || Server::start(&mut program(folder.path()));
        [scope.spawn(start), scope.spawn(start)].map(|thread| thread.join().unwrap())
    });
    let own = serde_json::json!({ "ownerUserID": "alice" });
    for (server, other) in [(&servers[0], &servers[1]), (&servers[1], &servers[0])] {
        let answer = server.post("/conversation/get_all_conversations", &other.admin_token(), &own);
        assert_eq!(answer["errCode"], 0, "{answer}");
    }
    let secret = fs::metadata(folder.path().join("data/secret")).unwrap();
    assert_eq!(secret.mode() & 0o777, 0o600);
}
