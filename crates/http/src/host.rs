//! Refuses requests without a valid `Host`.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, Version, header::HOST, uri::Authority},
    middleware::Next,
    response::Response,
};
use conversation_settings_openim::Code;

use crate::{envelope, headers};

/// Answers 400 to an HTTP/1.1 request that does not have exactly one valid `Host`: a middleware for a whole server.
///
/// [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112#section-3.2) demands it. A proxy that chooses by one of two `Host`s
/// must not disagree with the server.
///
/// ```
/// # use axum::{Router, middleware};
/// # use conversation_settings_http::{not_found, require_host};
/// # let router: Router = Router::new();
/// let app = router.fallback(not_found).layer(middleware::from_fn(require_host));
/// # drop(app);
/// ```
pub async fn require_host(request: Request, next: Next) -> Response {
    if request.version() == Version::HTTP_11 && !has_one_host(request.headers()) {
        let detail = "header Host: HTTP/1.1 requires exactly one that is valid";
        return headers::forbid_sniffing(envelope::failure(StatusCode::BAD_REQUEST, Code::Args, detail));
    }
    next.run(request).await
}

fn has_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    // A client without an authority sends an empty one.
    host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !host.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn accepts_exactly_one_valid_host() {
        let has = |hosts: &[&'static str]| {
            has_one_host(&hosts.iter().map(|host| (HOST, HeaderValue::from_static(host))).collect())
        };
        assert!(has(&["a.example"]) && has(&["127.0.0.1:10002"]) && has(&["[::1]:80"]) && has(&[""]));
        for hosts in [&[][..], &["a", "b"], &["a", "a"], &["a, b"], &["user@a"], &["a b"], &["a/b"]] {
            assert!(!has(hosts), "{hosts:?}");
        }
    }
}
