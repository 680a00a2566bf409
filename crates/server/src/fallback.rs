//! Requests whose path is written in another way than the routes'.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderValue, Method, StatusCode, Uri,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, LOCATION},
        uri::PathAndQuery,
    },
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use conversation_settings_http::{Api, not_found, not_found_but, require_host};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

/// Answers paths that no route has, and requests without a valid `Host`. `paths` are those of `router`.
///
/// As OpenIM does, it decodes percent-encoded characters, and redirects a path with a slash at its end. Operators' routes
/// and those that issue tokens are not decoded: a proxy that blocks them may compare their paths byte by byte. Where a path differs from a route's in
/// case or by double slashes, the response names the route's.
pub(crate) fn with_fallback(router: Router, paths: &[&'static str]) -> Router {
    let paths: Arc<BTreeSet<_>> = Arc::new(paths.iter().copied().collect());
    let calls = TowerToHyperService::new(router.clone());
    let router = router.fallback(move |request: Request| resolve(calls.clone(), Arc::clone(&paths), request));
    router.layer(from_fn(require_host))
}

async fn resolve(
    calls: TowerToHyperService<Router>,
    paths: Arc<BTreeSet<&'static str>>,
    mut request: Request,
) -> Response {
    let method = request.method().clone();
    let Some(path) = decode(request.uri().path()) else { return not_found(method).await };
    let is_decoded = path != request.uri().path();
    let is_guarded = Api::OPERATIONS.contains(&&*path) || path.starts_with("/auth/");
    if is_decoded && paths.contains(&*path) && !is_guarded {
        *request.uri_mut() = with_path(request.uri(), &path);
        return calls.call(request).await.into_response();
    }
    if let Some(path) = path.strip_suffix('/').filter(|path| paths.contains(path) && method != Method::OPTIONS) {
        return redirect(&request, path);
    }
    match paths.get(&*plain(&path)) {
        Some(meant) => not_found_but(method, meant).await,
        None => not_found(method).await,
    }
}

/// The path in lower case and without double slashes, which base addresses with a slash at their end cause.
fn plain(path: &str) -> String {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    format!("/{}", segments.join("/")).to_ascii_lowercase()
}

/// The path with its percent-encoded bytes decoded, if that is text.
fn decode(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        decoded.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(decoded).ok()
}

/// `uri` with another path: one of a route, which is always valid.
fn with_path(uri: &Uri, path: &str) -> Uri {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    PathAndQuery::try_from(target).map_or_else(|_| uri.clone(), Uri::from)
}

/// Repeats the request at `path`: with its method and body, unless it is a GET.
fn redirect(request: &Request, path: &str) -> Response {
    let status =
        if request.method() == Method::GET { StatusCode::MOVED_PERMANENTLY } else { StatusCode::TEMPORARY_REDIRECT };
    let location = with_path(request.uri(), path).to_string();
    // The routes' paths and a query from a valid URI are valid in a header.
    let location = HeaderValue::try_from(location).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let any_origin = HeaderValue::from_static("*");
    (status, [(LOCATION, location), (ACCESS_CONTROL_ALLOW_ORIGIN, any_origin)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_paths() {
        for (path, decoded) in [
            ("/a/b", Some("/a/b")),
            ("/a%2Fb%5fc", Some("/a/b_c")),
            ("/%E2%82%AC", Some("/€")),
            ("/%", None),
            ("/%4", None),
            ("/%+4", None),
            ("/%€", None),
            ("/%ff", None),
        ] {
            assert_eq!(decode(path).as_deref(), decoded, "{path}");
        }
    }
}
