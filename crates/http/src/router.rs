//! The routers: the tables of routes, and the pages that describe them.

use std::{future::ready, sync::Arc};

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
    /// The whole router: [calls](Self::calls), [operators' routes](Self::operations) and
    /// [documentation](Self::documentation).
    ///
    /// A server that has a `/healthz`, `/docs` or `/metrics` of its own nests it under a path, or takes the parts that it
    /// lacks.
    ///
    /// The router has no fallback, so that it can be merged; see [`not_found`](crate::not_found).
    pub fn router(self) -> Router {
        let described: Vec<_> = routes::calls(&self).into_iter().chain(routes::operations(&self)).collect();
        self.calls().merge(self.operations()).merge(self.documented(&described))
    }

    /// The calls alone, below `/conversation` and `/auth`: they merge into any server.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// # use conversation_settings_core::UserId;
    /// # use conversation_settings_http::{Api, TokenAuthority};
    /// # use conversation_settings_service::Service;
    /// # use conversation_settings_store_memory::MemoryStore;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let service = Service::builder(MemoryStore::new()).build();
    /// # let tokens = TokenAuthority::new("a secret", [UserId::new("imAdmin")?]);
    /// let api = Api::with_tokens(service, tokens);
    /// let health = async || "mine";
    /// let app: Router = Router::new().route("/healthz", get(health)).merge(api.calls());
    /// # drop(app);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls are measured by the [`metrics`](crate::metrics), through the recorder that is installed now.
    pub fn calls(&self) -> Router {
        let api = Arc::new(self.clone().complete());
        let calls = bound(&api, routes::calls(&api));
        if !api.compression {
            return calls;
        }
        calls.route_layer(CompressionLayer::new().compress_when(SizeAbove::new(MIN_COMPRESSED_BYTES)))
    }

    /// The [operators' routes](Self::OPERATIONS) alone: for a server that serves operators at an address of their own.
    /// Pages of other origins never read them.
    pub fn operations(&self) -> Router {
        let api = Arc::new(self.clone());
        bound(&api, routes::operations(&api))
    }

    /// `/openapi.json`, which describes the [calls](Self::calls), and with the feature `docs-page` a page that shows it.
    /// Merge or nest it beside the calls: the document's addresses are relative to its own.
    pub fn documentation(&self) -> Router {
        self.documented(&routes::calls(self))
    }

    /// The document that describes `endpoints`, with the pages beside it.
    fn documented(&self, endpoints: &[Endpoint]) -> Router {
        let api = Arc::new(self.clone());
        let pages = routes::pages();
        let described = endpoints.iter().chain(&pages).map(|endpoint| (endpoint.path, endpoint.describe(&api)));
        let described = described.chain([(OPENAPI.path, openapi::describe_page(&OPENAPI))]).collect();
        let document = openapi::document(&api, described);
        let document = Endpoint::get(&OPENAPI, move |_, headers: HeaderMap| ready(document.response(&headers)));
        bound(&api, pages.into_iter().chain([document]))
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
        let routes = routes::calls(self).into_iter().chain(routes::operations(self)).chain(routes::pages());
        routes.map(|endpoint| endpoint.path).chain([OPENAPI.path]).collect()
    }
}

fn bound(api: &Arc<Api>, endpoints: impl IntoIterator<Item = Endpoint>) -> Router {
    endpoints.into_iter().fold(Router::new(), |router, endpoint| {
        let path = endpoint.path;
        router.route(path, endpoint.bind(api))
    })
}
