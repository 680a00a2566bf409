//! A route with its handler, before the router binds both to an API.

use std::{future::Future, sync::Arc};

use axum::{
    extract::Request,
    http::HeaderMap,
    response::Response,
    routing::{self, MethodRouter},
};
use futures_util::FutureExt;

use crate::{
    Api, ApiError,
    access::Access,
    cors,
    decode::Arguments,
    fallback::{options, wrong_method},
    headers,
    metrics::RouteMetrics,
    openapi::{self, Description},
    pipeline::handle,
    reply::Reply,
    route::{GetRoute, PostRoute},
};

/// A route and what serves it. Registers no metric until it is bound.
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    describe: Box<dyn Fn(&Api) -> Description>,
    bind: Box<dyn FnOnce(Arc<Api>) -> MethodRouter>,
}

impl Endpoint {
    /// The description for `api`'s document.
    pub(crate) fn describe(&self, api: &Api) -> Description {
        (self.describe)(api)
    }

    /// The methods for `api`.
    pub(crate) fn bind(self, api: &Arc<Api>) -> MethodRouter {
        (self.bind)(Arc::clone(api))
    }

    /// A call. The handler takes the caller and the request, and returns the envelope's `data`.
    pub(crate) fn post<A, R, D, H, F>(route: &'static PostRoute, handler: H) -> Self
    where
        A: Access + 'static,
        R: Arguments,
        D: Reply + 'static,
        H: Fn(Arc<Api>, A, R) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<D, ApiError>> + Send + 'static,
    {
        let describe = |api: &Api| openapi::describe_call::<A, R, D::Schema>(route, api);
        let bind = move |api: Arc<Api>| {
            let metrics = RouteMetrics::new(route.path);
            let with_cors = api.cors;
            // The responses of these routes contain tokens.
            let cache: fn(Response) -> Response =
                if route.tag() == "auth" { headers::forbid_storing } else { std::convert::identity };
            let readable = if with_cors { cors::allow } else { std::convert::identity };
            let finish = move |response| cache(headers::forbid_sniffing(readable(response)));
            let serve =
                move |request: Request| handle(Arc::clone(&api), metrics.clone(), request, handler.clone()).map(finish);
            let methods = routing::post(serve).fallback(move || wrong_method().map(readable));
            if with_cors { methods.options(options) } else { methods }
        };
        Self { path: route.path, describe: Box::new(describe), bind: Box::new(bind) }
    }

    /// A page about the server itself. The handler takes the headers of the request.
    pub(crate) fn get<H, F>(route: &'static GetRoute, handler: H) -> Self
    where
        H: Fn(Arc<Api>, HeaderMap) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let bind = move |api: Arc<Api>| {
            let serve = move |headers: HeaderMap| {
                // Pages read only which codings the client accepts.
                let headers = if api.compression { headers } else { HeaderMap::new() };
                handler(Arc::clone(&api), headers).map(headers::forbid_sniffing)
            };
            routing::get(serve).fallback(wrong_method)
        };
        Self { path: route.path, describe: Box::new(|_| openapi::describe_page(route)), bind: Box::new(bind) }
    }
}
