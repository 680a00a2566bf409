//! Paths that are written in another way than the routes'.

use crate::harness::{Server, exchange, program};

/// The response to a call without arguments.
fn call(server: &Server, method: &str, path: &str) -> String {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\noperationID: 1\r\ntoken: {}\r\n\
         content-length: 2\r\n\r\n{{}}",
        server.admin_token()
    );
    exchange(server.address(), &request)
}

#[test]
fn redirects_paths_with_a_slash_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for (method, path, status, location) in [
        ("POST", "/conversation/get_all_conversations/", "307", "/conversation/get_all_conversations"),
        ("POST", "/conversation/get%5Fall_conversations/?a=b", "307", "/conversation/get_all_conversations?a=b"),
        ("GET", "/docs/", "301", "/docs"),
        ("GET", "/healthz/", "301", "/healthz"),
    ] {
        let response = call(&server, method, path);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert!(response.contains(&format!("location: {location}\r\n")), "{response}");
    }
    for path in ["/nowhere/", "/conversation/get_all_conversations//", "/conversation/", "//"] {
        let response = call(&server, "POST", path);
        assert!(response.starts_with("HTTP/1.1 404 "), "{path}: {response}");
    }
}

#[test]
fn decodes_percent_encoded_paths_of_calls() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for path in ["/conversation/get%5fall%5Fconversations", "/%63onversation%2Fget_all_conversations?a=b"] {
        let response = call(&server, "POST", path);
        assert!(response.starts_with("HTTP/1.1 200 ") && response.contains("ownerUserID"), "{response}");
    }
    for path in ["/nowhere%5f", "/conversation/get%5", "/conversation/get%ff", "/healthz%00"] {
        let response = call(&server, "POST", path);
        assert!(response.starts_with("HTTP/1.1 404 "), "{path}: {response}");
    }
}

#[test]
fn names_the_path_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for (path, meant) in [
        ("//conversation/get_all_conversations", "/conversation/get_all_conversations"),
        ("/conversation//get_all_conversations/", "/conversation/get_all_conversations"),
        ("/Conversation/Get_All_Conversations", "/conversation/get_all_conversations"),
        ("/healthz//", "/healthz"),
    ] {
        let response = call(&server, "POST", path);
        assert!(response.starts_with("HTTP/1.1 404 "), "{path}: {response}");
        assert!(response.contains(&format!("the path does not exist: {meant} does")), "{path}: {response}");
    }
}

#[test]
fn does_not_decode_paths_that_a_proxy_may_block() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    for path in ["/m%65trics", "/%68ealthz", "/readyz%2f"] {
        let response = call(&server, "GET", path);
        assert!(!response.starts_with("HTTP/1.1 200 "), "{path}: {response}");
    }
    for path in ["/auth/get%5Fadmin_token", "/%61uth/get_admin_token", "/auth%2Fget_user_token"] {
        let response = call(&server, "POST", path);
        assert!(response.starts_with("HTTP/1.1 404 "), "{path}: {response}");
    }
}
