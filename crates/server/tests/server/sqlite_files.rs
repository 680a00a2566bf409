//! The files of an SQLite database while the server runs: rights, a full disk, deletion, another program's lock.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{LONG, Server, program};

fn set(server: &Server, ex: &str) -> Value {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": ex });
    let body = json!({ "userIDs": ["a"], "conversation": conversation });
    server.post("/conversation/set_conversations", &server.admin_token(), &body)["errCode"].clone()
}

fn ex(server: &Server) -> Value {
    let body = json!({ "ownerUserID": "a", "conversationID": "sg_g" });
    let answer = server.post("/conversation/get_conversation", &server.admin_token(), &body);
    answer["data"]["conversation"]["ex"].clone()
}

fn get(server: &Server, path: &str) -> (u16, String) {
    let request = ureq::get(format!("http://{}{path}", server.address()));
    let mut answer = request.config().http_status_as_error(false).build().call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

/// Polls until `is_reached`.
fn wait_until(what: &str, mut is_reached: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_reached() {
        assert!(began.elapsed() < LONG, "{what}");
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "polls a server, with a limit")]
fn pause() {
    thread::sleep(Duration::from_millis(20));
}

fn wait_for_readyz(server: &Server, status: u16) {
    wait_until(&format!("/readyz does not become {status}"), || get(server, "/readyz").0 == status);
}

/// Sets the largest size of a file that the server can write.
fn limit_file_size(server: &Server, limit: &str) {
    // The soft limit alone, so that it can be lifted.
    let id = server.id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={limit}:")]).status();
    assert!(limited.expect("prlimit is installed").success());
}

#[test]
fn is_not_ready_while_the_disk_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    // A write past the limit fails like one on a full disk, if the signal for it is ignored.
    let mut command = Command::new("/bin/sh");
    command.current_dir(folder.path()).env_clear().env("CONVERSATION_LISTEN", "127.0.0.1:0");
    command.args(["-c", "trap '' XFSZ; exec \"$0\"", env!("CARGO_BIN_EXE_conversation-server")]);
    let mut server = Server::start(&mut command);
    assert_eq!((set(&server, "before"), get(&server, "/readyz").0), (json!(0), 200));

    limit_file_size(&server, "4096");
    assert_eq!(set(&server, "while"), 500);
    wait_for_readyz(&server, 503);
    assert_eq!((ex(&server), get(&server, "/healthz").0), (json!("before"), 200), "reads go on");
    assert_eq!((set(&server, "while"), get(&server, "/readyz").0), (json!(500), 503));

    limit_file_size(&server, "unlimited");
    wait_for_readyz(&server, 200);
    assert_eq!((set(&server, "after"), ex(&server)), (json!(0), json!("after")));
    assert!(server.kill().contains("not ready"));
}

#[test]
fn acknowledges_nothing_after_its_file_was_deleted_or_replaced() {
    let ways: [fn(&Path); 3] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::rename(file, file.with_file_name("away.db")).unwrap(),
        |file| {
            let restored = file.with_file_name("restored.db");
            fs::copy(file, &restored).unwrap();
            fs::rename(restored, file).unwrap();
        },
    ];
    for lose in ways {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(&mut program(folder.path()));
        assert_eq!(set(&server, "before"), 0);
        lose(&folder.path().join("data/conversations.db"));
        for _ in 0..3 {
            assert_eq!(set(&server, "after"), 500);
        }
        wait_for_readyz(&server, 503);
        let log = server.kill();
        assert!(log.contains("data/conversations.db was deleted or replaced"), "{log}");
    }
}

#[test]
fn writes_nothing_later_for_callers_that_left_while_another_program_held_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let start = |timeout| Server::start(program(folder.path()).args(["--request-timeout", timeout]));
    let (first, second) = (start("1"), start("60"));
    assert_eq!(set(&first, "before"), 0);
    for round in 0..3 {
        let other = Connection::open(folder.path().join("data/conversations.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        thread::scope(|scope| {
            let old = || assert_eq!(set(&first, &format!("old {round}")), 500);
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(old)).collect();
            for caller in callers {
                caller.join().unwrap();
            }
        });
        other.execute_batch("COMMIT").unwrap();
        let new = format!("new {round}");
        assert_eq!(set(&second, &new), 0);
        wait_until("calls stay in the queue", || {
            get(&first, "/metrics").1.lines().any(|line| line == "conversation_sqlite_queue_depth 0")
        });
        // The writer may still be busy with the last call that it took out of the queue: this one comes after it.
        assert_eq!(set(&first, &new), 0);
        assert_eq!(ex(&second), new);
        let version = json!({ "userID": "a", "idHash": 0 });
        let path = "/conversation/get_full_conversation_ids";
        let version = second.post(path, &second.admin_token(), &version)["data"]["version"].clone();
        assert_eq!(version, 2 + round, "one change a round, of the caller that stayed");
    }
}

#[test]
fn creates_its_files_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = program(folder.path());
    // With a secret of its own, only the store creates files.
    command.env("CONVERSATION_SECRET", "s").args(["--store", "sqlite:new/deep/x.db"]);
    let server = Server::start(&mut command);
    assert_eq!(set(&server, "x"), 0);
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    for path in ["new", "new/deep"] {
        assert_eq!(mode(path), 0o700, "{path}");
    }
    for path in ["new/deep/x.db", "new/deep/x.db-wal", "new/deep/x.db-shm"] {
        assert_eq!(mode(path), 0o600, "{path}");
    }
}
