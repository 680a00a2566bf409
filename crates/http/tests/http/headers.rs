//! Headers of requests that are refused, and headers of responses.

use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request, StatusCode, Version},
    middleware::from_fn,
};
use conversation_settings_http::{Api, not_found, require_host};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{ADMIN, request, router, send, service, token, tokens};

const OWN: &str = "/conversation/get_all_conversations";

fn own() -> Request<Body> {
    request(OWN, &token("a"), json!({ "ownerUserID": "a" }).to_string())
}

/// The status and envelope of the response to a call with one more header.
async fn with(name: &'static str, value: &str) -> (StatusCode, Value) {
    let mut request = own();
    request.headers_mut().append(HeaderName::from_static(name), value.parse().unwrap());
    let (status, text) = send(&router(), request).await;
    (status, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn refuses_a_second_token_or_operation_id() {
    for (name, shown) in [("token", "token"), ("operationid", "operationID")] {
        for value in [token("a"), token(ADMIN), "op-1".to_owned()] {
            let (status, response) = with(name, &value).await;
            assert_eq!((status, &response["errCode"]), (StatusCode::OK, &json!(1001)), "{name}");
            assert_eq!(response["errDlt"], format!("header {shown}: must occur once, got 2"));
        }
    }
}

#[tokio::test]
async fn refuses_compressed_bodies_with_415_and_unknown_transfer_codings_with_501() {
    for (name, value, status) in [
        ("content-encoding", "gzip", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("content-encoding", "br", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("content-encoding", "identity, gzip", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("content-encoding", "", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("transfer-encoding", "gzip, chunked", StatusCode::NOT_IMPLEMENTED),
    ] {
        let (got, response) = with(name, value).await;
        assert_eq!((got, &response["errMsg"]), (status, &json!("ArgsError")), "{name}: {value}");
        let problem = response["errDlt"].as_str().unwrap();
        assert!(problem.starts_with(&format!("header {name}: must be absent or ")), "{problem}");
    }
    for (name, value) in [("content-encoding", "identity"), ("transfer-encoding", "Chunked")] {
        assert_eq!(with(name, value).await.1["errCode"], 0, "{name}: {value}");
    }
}

fn server() -> Router {
    Api::with_tokens(service(), tokens()).metrics(String::new).router().fallback(not_found).layer(from_fn(require_host))
}

#[tokio::test]
async fn requires_one_host_of_http_1_1() {
    let status = async |version: Version, hosts: &[&str], path: &str| {
        let request = Request::get(path).version(version);
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        send(&server(), request.body(Body::empty()).unwrap()).await
    };
    for path in ["/healthz", "/nowhere"] {
        for hosts in [&[][..], &["a", "b"], &["a b"]] {
            let (status, text) = status(Version::HTTP_11, hosts, path).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {hosts:?}");
            assert!(text.starts_with(r#"{"errCode":1001,"errMsg":"ArgsError","errDlt":"header Host: "#), "{text}");
        }
        assert_ne!(status(Version::HTTP_11, &["127.0.0.1:10002"], path).await.0, StatusCode::BAD_REQUEST);
        assert_ne!(status(Version::HTTP_10, &[], path).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn forbids_sniffing_of_every_response() {
    let login = || request("/auth/get_admin_token", "", json!({ "secret": "hush", "userID": ADMIN }).to_string());
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let options = Request::options(OWN).body(Body::empty()).unwrap();
    let docs = cfg!(feature = "docs-page").then(|| get("/docs"));
    let pages = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/nowhere", OWN].map(get);
    let calls = [own(), request(OWN, "", "{}"), login(), options];
    for mut request in calls.into_iter().chain(pages).chain(docs) {
        let shown = format!("{} {}", request.method(), request.uri());
        request.headers_mut().insert("host", "a".parse().unwrap());
        let response = server().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{shown}");
    }
    let without_host = server().oneshot(get("/healthz")).await.unwrap();
    assert_eq!(without_host.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn forbids_storing_of_tokens() {
    for (path, body) in [
        ("/auth/get_admin_token", json!({ "secret": "hush", "userID": ADMIN })),
        ("/auth/get_user_token", json!({ "userID": "a", "platformID": 5 })),
        ("/auth/get_user_token", json!({})),
    ] {
        let response = router().oneshot(request(path, &token(ADMIN), body.to_string())).await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    }
    assert_eq!(router().oneshot(own()).await.unwrap().headers().get("cache-control"), None);
}
