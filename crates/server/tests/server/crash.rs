//! `kill -9` during writes.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::harness::{Server, post, program};

const CONNECTIONS: usize = 6;

/// Writes on every connection until the server is killed. Returns the number of acknowledged writes per connection.
fn write_until_killed(server: &mut Server) -> Vec<usize> {
    let (address, token) = (server.address(), server.admin_token());
    let acknowledged: Vec<AtomicUsize> = (0..CONNECTIONS).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        for (writer, count) in acknowledged.iter().enumerate() {
            let token = &token;
            scope.spawn(move || {
                for n in 0.. {
                    let conversation = json!({
                        "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": format!("{writer}/{n}"),
                    });
                    let body = json!({ "userIDs": [format!("{writer}-{n}a"), format!("{writer}-{n}b")],
                        "conversation": conversation });
                    match post(address, "/conversation/set_conversations", token, &body) {
                        Ok(answer) => assert_eq!(answer["errCode"], 0, "{answer}"),
                        Err(_) => return,
                    }
                    count.store(n + 1, Ordering::Release);
                }
            });
        }
        while acknowledged.iter().any(|count| count.load(Ordering::Acquire) < 5) {
            std::thread::yield_now();
        }
        server.kill();
    });
    acknowledged.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn keeps_acknowledged_writes_after_kill() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let acknowledged = write_until_killed(&mut Server::start(&mut program(folder.path())));
        let server = Server::start(&mut program(folder.path()));
        let token = server.admin_token();
        let ex = |user: &str| {
            let body = json!({ "ownerUserID": user, "conversationID": "sg_g" });
            server.post("/conversation/get_conversation", &token, &body)["data"]["conversation"]["ex"].clone()
        };
        for (writer, count) in acknowledged.into_iter().enumerate() {
            for n in 0..count {
                for side in ["a", "b"] {
                    assert_eq!(ex(&format!("{writer}-{n}{side}")), format!("{writer}/{n}"));
                }
            }
            // The write in progress took effect for both users or for neither.
            assert_eq!(ex(&format!("{writer}-{count}a")), ex(&format!("{writer}-{count}b")));
        }
    }
}
