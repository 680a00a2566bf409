//! The router as a part of a server that has pages, layers and limits of its own.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
    routing::get,
};
use conversation_settings_http::Api;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_http::{cors::CorsLayer, limit::RequestBodyLimitLayer};

use crate::harness::{ADMIN, call, request, send, service, token, tokens};

const SET: &str = "/conversation/set_conversations";
const PAGES: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"];

fn api() -> Api {
    Api::with_tokens(service(), tokens()).metrics(String::new)
}

/// A server that has each page itself.
fn host() -> Router {
    PAGES.into_iter().fold(Router::new(), |host, path| host.route(path, get(async || "the host's")))
}

fn pin() -> Value {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true });
    json!({ "userIDs": ["a"], "conversation": conversation })
}

async fn page(router: &Router, path: &str) -> (StatusCode, String) {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn headers_of(router: &Router, request: Request<Body>) -> HeaderMap {
    router.clone().oneshot(request).await.unwrap().headers().clone()
}

#[tokio::test]
async fn merges_calls_into_a_server_with_pages_of_its_own() {
    let server = host().merge(api().calls());
    assert_eq!(call(&server, SET, &token(ADMIN), &pin()).await["errCode"], 0);
    for path in PAGES {
        assert_eq!(page(&server, path).await, (StatusCode::OK, "the host's".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn nests_the_whole_router_below_a_server_with_pages_of_its_own() {
    let server = host().nest("/im", api().router());
    assert_eq!(call(&server, &format!("/im{SET}"), &token(ADMIN), &pin()).await["errCode"], 0);
    for path in PAGES {
        assert_eq!(page(&server, path).await.1, "the host's", "{path}");
        if path == "/docs" && !cfg!(feature = "docs-page") {
            continue;
        }
        let (status, text) = page(&server, &format!("/im{path}")).await;
        assert!(status == StatusCode::OK && text != "the host's", "{path}: {text}");
    }
}

#[tokio::test]
async fn merges_each_part_into_a_server_that_lacks_it() {
    let health: Router = Router::new().route("/healthz", get(async || "the host's"));
    let server = health.merge(api().calls()).merge(api().documentation());
    assert_eq!(page(&server, "/healthz").await.1, "the host's");
    assert_eq!(page(&server, "/readyz").await.0, StatusCode::NOT_FOUND);
    let document: Value = serde_json::from_str(&page(&server, "/openapi.json").await.1).unwrap();
    let described = document["paths"].as_object().unwrap();
    assert!(described.contains_key(SET) && !described.contains_key("/healthz"), "{described:?}");

    let parts = api().calls().merge(api().operations()).merge(api().documentation());
    for path in api().paths() {
        let statuses = [page(&parts, path).await.0, send(&parts, request(path, "", "{}")).await.0];
        assert!(statuses.contains(&StatusCode::OK), "{path}");
    }
}

#[tokio::test]
async fn leaves_cors_to_the_host() {
    let origin = "https://chat.example.org";
    let cors = CorsLayer::new().allow_origin([origin.parse().unwrap()]).allow_methods([Method::POST]);
    let server = api().cors(false).router().layer(cors);
    let preflight = |path: &str| {
        let options = Request::options(path).header("origin", origin).header("access-control-request-method", "POST");
        options.body(Body::empty()).unwrap()
    };
    let with_origin = |mut request: Request<Body>| {
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request
    };
    let wrong_method = with_origin(Request::get(SET).body(Body::empty()).unwrap());
    for request in [preflight(SET), with_origin(request(SET, &token(ADMIN), "{}")), wrong_method] {
        let shown = format!("{request:?}");
        let headers = headers_of(&server, request).await;
        let allowed: Vec<_> = headers.get_all("access-control-allow-origin").iter().collect();
        assert_eq!(allowed, [origin], "{shown}");
        assert!(!headers.contains_key("access-control-allow-credentials"), "{shown}");
    }
    let plain = api().cors(false).router();
    assert_eq!(send(&plain, preflight(SET)).await.0, StatusCode::NOT_FOUND);
    assert!(!headers_of(&plain, preflight(SET)).await.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn leaves_compression_to_the_host() {
    let accepting = |mut request: Request<Body>| {
        request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
        request
    };
    let document = || accepting(Request::get("/openapi.json").body(Body::empty()).unwrap());
    let report = || {
        let mut body = pin();
        body["report"] = json!(true);
        body["userIDs"] = (0..50).map(|n| n.to_string()).collect();
        accepting(request(SET, &token(ADMIN), body.to_string()))
    };
    for (compressed, router) in [(true, api().router()), (false, api().compression(false).router())] {
        for request in [document(), report()] {
            let shown = format!("{request:?}");
            let headers = headers_of(&router, request).await;
            assert_eq!(headers.contains_key("content-encoding"), compressed, "{shown}");
        }
    }
}

#[tokio::test]
async fn leaves_limits_to_the_host() {
    let nothing = || api().max_body_bytes(0).max_body_memory(0).max_in_flight(0).request_timeout(Duration::ZERO);
    let free = nothing().without_body_limits().without_concurrency_limits().without_timeouts();
    let mut long = pin();
    long["padding"] = json!("x".repeat(100_000));
    let router = free.clone().router();
    for name in [ADMIN, "a"] {
        assert_eq!(call(&router, SET, &token(name), &long).await["errCode"], 0, "{name}");
    }
    let document: Value = serde_json::from_str(&page(&router, "/openapi.json").await.1).unwrap();
    let about = document["info"]["description"].as_str().unwrap();
    for absent in ["A body has", "must arrive", "takes at most", "further calls"] {
        assert!(!about.contains(absent), "{absent}: {about}");
    }

    // Each can be left out by itself.
    let refused = async |api: Api, body: Body| send(&api.router(), request(SET, &token(ADMIN), body)).await;
    let large = nothing().without_concurrency_limits().without_timeouts();
    assert!(refused(large, long.to_string().into()).await.1.contains("must be at most 0 bytes"));
    let many = nothing().without_body_limits().without_timeouts();
    assert_eq!(refused(many, long.to_string().into()).await.0, StatusCode::TOO_MANY_REQUESTS);
    let late = nothing().without_body_limits().without_concurrency_limits();
    let endless = Body::from_stream(futures_util::stream::pending::<std::io::Result<Vec<u8>>>());
    assert!(refused(late, endless).await.1.contains("must arrive within 0ns"));
}

#[tokio::test]
async fn names_the_hosts_limit_of_a_body() {
    let server = api().without_body_limits().router().layer(RequestBodyLimitLayer::new(1_000));
    // A body without a length: the layer counts while the call reads.
    let pieces = futures_util::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(" ".repeat(100))));
    let (status, text) = send(&server, request(SET, &token(ADMIN), Body::from_stream(pieces))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains(r#""errDlt":"body: is larger than this server accepts""#), "{text}");
}
