//! The routes: one line each, and what serves them.

mod auth;
mod health;
mod metrics;
mod reads;
mod sync;
mod writes;

use std::{
    future::{Future, ready},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, Response, StatusCode},
    routing::{self, MethodRouter},
};
use conversation_settings_openim::Code;
use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    access::{Access, Public},
    cors,
    docs_page::{self, DOCS},
    envelope,
    metrics::RouteMetrics,
    openapi::{self, DescribedRoute, Document, GetRoute, OPENAPI, PostRoute},
    pipeline::handle,
};

pub(crate) use metrics::Rendering;

/// The router of [`table`].
pub(crate) fn router(host: &Arc<Api>) -> Router {
    table(host).into_iter().fold(Router::new(), |router, Route { path, methods, .. }| router.route(path, methods))
}

/// The table of routes.
pub(crate) fn table(host: &Arc<Api>) -> Vec<Route> {
    let mut routes = vec![
        post(host, &writes::SET_CONVERSATIONS, writes::set_conversations),
        post(host, &writes::DELETE_CONVERSATIONS, writes::delete_conversations),
        post(host, &writes::UPDATE_CONVERSATIONS_BY_USER, writes::update_conversations_by_user),
        post(host, &reads::GET_CONVERSATION, reads::get_conversation),
        post(host, &reads::GET_CONVERSATIONS, reads::get_conversations),
        post(host, &reads::GET_ALL_CONVERSATIONS, reads::get_all_conversations),
        post(host, &reads::GET_OWNER_CONVERSATION, reads::get_owner_conversation),
        post(host, &reads::GET_SORTED_CONVERSATION_LIST, reads::get_sorted_conversation_list),
        post(host, &reads::GET_NOT_NOTIFY_CONVERSATION_IDS, reads::get_not_notify_conversation_ids),
        post(host, &reads::GET_PINNED_CONVERSATION_IDS, reads::get_pinned_conversation_ids),
        post(host, &sync::GET_FULL_CONVERSATION_IDS, sync::get_full_conversation_ids),
        post(host, &sync::GET_INCREMENTAL_CONVERSATIONS, sync::get_incremental_conversations),
        get(host, &health::HEALTHZ, health::healthz),
        get(host, &health::READYZ, health::readyz),
    ];
    if let Some(rendering) = host.metrics.clone() {
        routes.push(get(host, &metrics::METRICS, move |_| ready(rendering.answer())));
    }
    if let Some(tokens) = &host.tokens {
        let (one, other) = (tokens.clone(), tokens.clone());
        routes.extend([
            post(host, &auth::GET_ADMIN_TOKEN, move |_, Public, r| ready(auth::get_admin_token(&one, r))),
            post(host, &auth::GET_USER_TOKEN, move |_, context, r| ready(auth::get_user_token(&other, &context, r))),
        ]);
    }
    let document = Document::default();
    routes.push(get(host, &OPENAPI, move |host| ready(document.answer(&host))));
    routes.push(get(host, &DOCS, |_| ready(docs_page::answer())));
    routes
}

/// A path, what it is for, and what serves it.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) about: DescribedRoute,
    methods: MethodRouter,
}

/// A call: `handler` is given who calls and what they ask for, and answers with the envelope's `data`.
fn post<A, R, D, H, F>(host: &Arc<Api>, about: &PostRoute, handler: H) -> Route
where
    A: Access + 'static,
    R: DeserializeOwned + ToSchema + Send + 'static,
    D: Serialize + ToSchema + Send + 'static,
    H: Fn(Arc<Api>, A, R) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<D, ApiError>> + Send + 'static,
{
    let (path, about) = (about.path, openapi::call::<A, R, D>(host, about));
    let (host, measures) = (Arc::clone(host), RouteMetrics::new(path));
    let serve = move |request: Request<Body>| {
        handle(Arc::clone(&host), measures.clone(), request, handler.clone()).map(cors::allow)
    };
    let methods = routing::post(serve).options(options).fallback(async || cors::allow(wrong_method().await));
    Route { path, about, methods }
}

/// A question of whoever runs the server.
fn get<H, F>(host: &Arc<Api>, about: &GetRoute, handler: H) -> Route
where
    H: Fn(Arc<Api>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let (path, about) = (about.path, openapi::question(about));
    let host = Arc::clone(host);
    Route { path, about, methods: routing::get(move || handler(Arc::clone(&host))).fallback(wrong_method) }
}

/// What OpenIM answers to any OPTIONS; to a browser the head alone matters.
async fn options() -> Response<Body> {
    cors::allow_calls(envelope::response(StatusCode::OK, br#""Options Request!""#.to_vec()))
}

/// Answers a request for a path that there is not, with status 404: a fallback for the whole of a server.
///
/// A page of any origin may read it, as it may the answers of calls, so that it learns what is wrong with its path.
pub async fn not_found(method: Method) -> Response<Body> {
    if method == Method::OPTIONS {
        return options().await;
    }
    cors::allow(envelope::failure_with(StatusCode::NOT_FOUND, Code::RecordNotFound, "there is no such path"))
}

/// As OpenIM does, status 404 and not 405.
async fn wrong_method() -> Response<Body> {
    envelope::failure_with(StatusCode::NOT_FOUND, Code::RecordNotFound, "there is no such method of this path")
}
