//! Signals that do not stop the server.

use serde_json::json;

use crate::harness::{Server, program};

#[test]
fn serves_on_after_signals_for_other_servers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(folder.path()));
    for name in ["HUP", "QUIT", "USR1", "USR2"] {
        server.signal(name);
        server.wait_for_log(&format!("SIG{name}"));
    }
    // Silent: by default these end a process, or did so in another runtime.
    for name in ["XFSZ", "PIPE"] {
        server.signal(name);
    }
    let all =
        server.post("/conversation/get_all_conversations", &server.admin_token(), &json!({ "ownerUserID": "alice" }));
    assert_eq!(all["errCode"], 0, "{all}");
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && log.contains("stopped"), "{log}");
}
