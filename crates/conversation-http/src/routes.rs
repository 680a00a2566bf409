//! The routes: one line each, and what serves them.

mod auth;
mod health;
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
    http::{Request, Response, StatusCode},
    routing::{self, MethodRouter},
};
use conversation_service::Code;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Failure, Host,
    admit::{Admit, Anybody},
    call::answer,
    envelope,
};

/// The router of [`table`].
pub(crate) fn router(host: &Arc<Host>) -> Router {
    table(host).into_iter().fold(Router::new(), |router, Route { path, methods }| router.route(path, methods))
}

/// The table of routes.
pub(crate) fn table(host: &Arc<Host>) -> Vec<Route> {
    let mut routes = vec![
        post(host, "/conversation/set_conversations", writes::set_conversations),
        post(host, "/conversation/delete_conversations", writes::delete_conversations),
        post(host, "/conversation/update_conversations_by_user", writes::update_conversations_by_user),
        post(host, "/conversation/get_conversation", reads::get_conversation),
        post(host, "/conversation/get_conversations", reads::get_conversations),
        post(host, "/conversation/get_all_conversations", reads::get_all_conversations),
        post(host, "/conversation/get_owner_conversation", reads::get_owner_conversation),
        post(host, "/conversation/get_sorted_conversation_list", reads::get_sorted_conversation_list),
        post(host, "/conversation/get_not_notify_conversation_ids", reads::get_not_notify_conversation_ids),
        post(host, "/conversation/get_pinned_conversation_ids", reads::get_pinned_conversation_ids),
        post(host, "/conversation/get_full_conversation_ids", sync::get_full_conversation_ids),
        post(host, "/conversation/get_incremental_conversations", sync::get_incremental_conversations),
        get(host, "/healthz", health::healthz),
        get(host, "/readyz", health::readyz),
    ];
    if let Some(tokens) = &host.tokens {
        let (one, other) = (tokens.clone(), tokens.clone());
        routes.extend([
            post(host, "/auth/get_admin_token", move |_, Anybody, r| ready(auth::get_admin_token(&one, r))),
            post(host, "/auth/get_user_token", move |_, context, r| ready(auth::get_user_token(&other, &context, r))),
        ]);
    }
    routes
}

/// A path, and what serves it.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    methods: MethodRouter,
}

/// A call: `handler` is given who calls and what they ask for, and answers with the envelope's `data`.
fn post<A, R, D, H, F>(host: &Arc<Host>, path: &'static str, handler: H) -> Route
where
    A: Admit + 'static,
    R: DeserializeOwned + Send + 'static,
    D: Serialize + Send + 'static,
    H: Fn(Arc<Host>, A, R) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<D, Failure>> + Send + 'static,
{
    let host = Arc::clone(host);
    let serve = move |request: Request<Body>| answer(Arc::clone(&host), path, request, handler.clone());
    Route { path, methods: routing::post(serve).options(options).fallback(wrong_method) }
}

/// A question of whoever runs the server.
fn get<H, F>(host: &Arc<Host>, path: &'static str, handler: H) -> Route
where
    H: Fn(Arc<Host>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let host = Arc::clone(host);
    Route { path, methods: routing::get(move || handler(Arc::clone(&host))).fallback(wrong_method) }
}

/// What OpenIM answers to any OPTIONS.
async fn options() -> Response<Body> {
    envelope::response(StatusCode::OK, br#""Options Request!""#.to_vec())
}

/// Answers a request for a path that there is not, with status 404: a fallback for the whole of a server.
pub async fn not_found() -> Response<Body> {
    envelope::failure_with(StatusCode::NOT_FOUND, Code::RecordNotFound, "there is no such path")
}

/// As OpenIM does, status 404 and not 405.
async fn wrong_method() -> Response<Body> {
    envelope::failure_with(StatusCode::NOT_FOUND, Code::RecordNotFound, "there is no such method of this path")
}
