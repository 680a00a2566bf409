//! Cross-origin calls by the rules of the Fetch standard.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use conversation_settings_http::{Api, not_found};
use tower::ServiceExt;

use crate::harness::{ADMIN, request, service, token, tokens};

const SET: &str = "/conversation/set_conversations";

fn server() -> Router {
    Api::with_tokens(service(), tokens()).router().fallback(not_found)
}

async fn headers_of(request: Request<Body>) -> (StatusCode, HeaderMap) {
    let response = server().oneshot(request).await.unwrap();
    (response.status(), response.headers().clone())
}

/// A browser's preflight request.
async fn preflight(path: &str) -> (StatusCode, HeaderMap) {
    let options = Request::builder()
        .method(Method::OPTIONS)
        .uri(path)
        .header("origin", "https://chat.example.org")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,operationid,token");
    headers_of(options.body(Body::empty()).unwrap()).await
}

fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers[name].to_str().unwrap().split(',').map(str::trim).collect()
}

#[tokio::test]
async fn allows_preflights_of_any_origin_with_the_headers_of_a_call() {
    for path in [SET, "/auth/get_user_token", "/nowhere"] {
        let (status, headers) = preflight(path).await;
        assert!(status.is_success(), "{path}: {status}");
        assert_eq!(list(&headers, "access-control-allow-origin"), ["*"]);
        assert!(list(&headers, "access-control-allow-methods").contains(&"*"));
        let allowed = list(&headers, "access-control-allow-headers");
        // `*` does not include `authorization`, and old browsers do not support `*`.
        for header in ["*", "authorization", "content-type", "operationid", "token"] {
            assert!(allowed.contains(&header), "{header} in {allowed:?}");
        }
        assert_eq!(list(&headers, "access-control-max-age"), ["172800"]);
    }
}

#[tokio::test]
async fn lets_pages_read_success_and_failure() {
    let admin = token(ADMIN);
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for request in [request(SET, &admin, "{}"), request(SET, "", "{}"), get(SET), get("/nowhere")] {
        let shown = format!("{request:?}");
        assert_eq!(list(&headers_of(request).await.1, "access-control-allow-origin"), ["*"], "{shown}");
    }
}

#[tokio::test]
async fn never_allows_credentials_of_the_browser() {
    // Browsers send cookies only if this is `true` and the origin is not `*`.
    assert_eq!(preflight(SET).await.1["access-control-allow-credentials"], "false");
}

#[tokio::test]
async fn hides_operational_routes_from_other_origins() {
    for path in ["/healthz", "/readyz"] {
        let (status, headers) = headers_of(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((status, headers.get("access-control-allow-origin")), (StatusCode::OK, None), "{path}");
    }
}
