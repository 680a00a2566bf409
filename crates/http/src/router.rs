//! The router: the table of routes, and the pages that describe it.

use std::{future::ready, mem, sync::Arc};

use axum::{Router, http::HeaderMap};
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};

use crate::{
    Api,
    body_budget::BodyBudget,
    endpoint::Endpoint,
    openapi::{self, OPENAPI},
    routes,
};

/// Compressing shorter responses saves nothing.
const MIN_COMPRESSED_BYTES: u64 = 256;

impl Api {
    /// The router, to serve as it is, to merge into another or to nest under a path.
    ///
    /// Responses are compressed for clients that accept gzip. Pages of any origin may call the API: callers are
    /// authenticated by a header, never by a cookie. Operational routes such as `/metrics` are not open to other origins.
    ///
    /// Calls are measured by the [`metrics`](crate::metrics), through the recorder that is installed now.
    ///
    /// The router has no fallback, so that it can be merged; see [`not_found`](crate::not_found).
    pub fn router(self) -> Router {
        let api = Arc::new(self.complete());
        let table = routes::table(&api);
        documented(&api, table)
    }

    /// The [router](Self::router) without the [operators' routes](Self::OPERATIONS), and a router of these: for a server
    /// that serves operators at an address of their own.
    pub fn split_router(self) -> (Router, Router) {
        let api = Arc::new(self.complete());
        let (operations, calls): (Vec<_>, Vec<_>) =
            routes::table(&api).into_iter().partition(|endpoint| Self::OPERATIONS.contains(&endpoint.path));
        let operations = operations.into_iter().fold(Router::new(), |router, endpoint| {
            let path = endpoint.path;
            router.route(path, endpoint.bind(&api).1)
        });
        (documented(&api, calls), operations)
    }

    /// Lets one body of the largest size fit into the memory for bodies.
    fn complete(mut self) -> Self {
        if self.body_budget.bytes() < self.max_body_bytes {
            self.body_budget = BodyBudget::new(self.max_body_bytes);
        }
        self
    }

    /// The paths of the operators' routes.
    pub const OPERATIONS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

    /// The paths that the router serves: for tests, documentation or limits of a host.
    #[must_use]
    pub fn paths(&self) -> Vec<&'static str> {
        let table = routes::table(self).into_iter();
        table.map(|endpoint| endpoint.path).chain([OPENAPI.path]).collect()
    }
}

/// A router of the endpoints, with the document that describes them.
fn documented(api: &Arc<Api>, endpoints: Vec<Endpoint>) -> Router {
    let (mut calls, mut pages, mut descriptions) = (Router::new(), Router::new(), Vec::new());
    for endpoint in endpoints {
        let (path, is_call) = (endpoint.path, endpoint.is_call);
        let (description, methods) = endpoint.bind(api);
        let router = if is_call { &mut calls } else { &mut pages };
        *router = mem::take(router).route(path, methods);
        descriptions.push((path, description));
    }
    descriptions.push((OPENAPI.path, openapi::describe_page(&OPENAPI)));
    let document = openapi::document(api, descriptions);
    let endpoint = Endpoint::get(&OPENAPI, move |_, headers: HeaderMap| ready(document.response(&headers)));
    let (_, methods) = endpoint.bind(api);
    // Pages are compressed once, not for each request.
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(MIN_COMPRESSED_BYTES));
    calls.route_layer(compression).merge(pages).route(OPENAPI.path, methods)
}
