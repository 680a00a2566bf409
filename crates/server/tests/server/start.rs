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
fn prints_the_commands_that_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    for command in server.commands() {
        let shown =
            command.replace(&server.admin_token(), "…").replace(&server.address().to_string(), "127.0.0.1:10002");
        assert!(README.contains(&shown), "the README does not show {shown}");
    }
}

#[test]
fn prints_its_name_address_and_store() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    assert!(server.banner.starts_with(concat!("conversation-server ", env!("CARGO_PKG_VERSION"), "\n")));
    assert_ne!(server.address().port(), 0);
    assert!(server.banner.contains("sqlite:data/conversations.db"), "{}", server.banner);
    assert!(folder.path().join("data/conversations.db").is_file());
}

#[test]
fn prints_a_connectable_address_when_listening_on_all() {
    let folder = tempfile::tempdir().unwrap();
    for (listen, called) in [("0.0.0.0:0", "127.0.0.1"), ("localhost:0", "127.0.0.1")] {
        let server = Server::start(program(folder.path()).args(["--store", "memory:", "--listen", listen]));
        assert_eq!(server.address().ip().to_string(), called, "{listen}");
    }
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
