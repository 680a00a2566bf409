//! A route with its handler, before the router binds both to an API.

use std::{future::Future, sync::Arc};

use axum::{
    extract::Request,
    response::Response,
    routing::{self, MethodRouter},
};
use futures_util::FutureExt;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    access::Access,
    cors,
    decode::Arguments,
    fallback::{options, wrong_method},
    metrics::RouteMetrics,
    openapi::{self, Description},
    pipeline::handle,
    route::{GetRoute, PostRoute},
};

/// A route and what serves it. Registers no metric and describes nothing until it is bound.
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    bind: Box<dyn FnOnce(Arc<Api>) -> (Description, MethodRouter)>,
}

impl Endpoint {
    /// The description and the methods for `api`.
    pub(crate) fn bind(self, api: &Arc<Api>) -> (Description, MethodRouter) {
        (self.bind)(Arc::clone(api))
    }

    /// A call. The handler takes the caller and the request, and returns the envelope's `data`.
    pub(crate) fn post<A, R, D, H, F>(route: &'static PostRoute, handler: H) -> Self
    where
        A: Access + 'static,
        R: Arguments,
        D: Serialize + ToSchema + Send + 'static,
        H: Fn(Arc<Api>, A, R) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<D, ApiError>> + Send + 'static,
    {
        let bind = move |api: Arc<Api>| {
            let description = openapi::describe_call::<A, R, D>(route, api.authenticate.header().is_some());
            let metrics = RouteMetrics::new(route.path);
            let serve = move |request: Request| {
                handle(Arc::clone(&api), metrics.clone(), request, handler.clone()).map(cors::allow)
            };
            let methods = routing::post(serve).options(options).fallback(async || cors::allow(wrong_method().await));
            (description, methods)
        };
        Self { path: route.path, bind: Box::new(bind) }
    }

    /// A page about the server itself.
    pub(crate) fn get<H, F>(route: &'static GetRoute, handler: H) -> Self
    where
        H: Fn(Arc<Api>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let bind = move |api: Arc<Api>| {
            let methods = routing::get(move || handler(Arc::clone(&api))).fallback(wrong_method);
            (openapi::describe_page(route), methods)
        };
        Self { path: route.path, bind: Box::new(bind) }
    }
}
