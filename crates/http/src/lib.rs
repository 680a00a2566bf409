//! Conversation settings over HTTP, in OpenIM's REST format: a router to mount in a server of your own.
//!
//! ```
//! use conversation_settings_core::UserId;
//! use conversation_settings_http::{Api, TokenAuthority};
//! use conversation_settings_service::Service;
//! use conversation_settings_store_memory::MemoryStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = Service::builder(MemoryStore::new()).build();
//! let tokens = TokenAuthority::new("a secret", [UserId::new("imAdmin")?]);
//! let conversations = Api::with_tokens(service, tokens).router();
//! let app = axum::Router::new().route("/", axum::routing::get(|| async { "hello" })).nest("/settings", conversations);
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! # A guest in your server
//!
//! Nested under a path, the routes meet none of yours. [`Api::calls`], [`Api::operations`] and [`Api::documentation`] are
//! the parts of the router. Merge those that your server lacks: a server with a `/healthz`, `/metrics` or `/docs` of its
//! own merges the calls.
//!
//! | your server has | leave it out here |
//! |---|---|
//! | CORS | [`Api::cors(false)`](Api::cors) |
//! | compression | [`Api::compression(false)`](Api::compression) |
//! | a limit of bodies | [`Api::without_body_limits`] |
//! | a limit of concurrent calls | [`Api::without_concurrency_limits`] |
//! | timeouts | [`Api::without_timeouts`] |
//!
//! The router is a `tower` service, so it also runs in servers that are not built with axum. The folder
//! `crates/example-hosts` of the repository has an example with hyper alone and one with actix-web.
//!
//! # Callers
//!
//! A [`TokenAuthority`] issues and verifies the tokens of OpenIM's clients. A host with its own sessions implements
//! [`Authenticate`] and builds its router with [`Api::new`]. Such a router is safe with cookies: it has no CORS headers, and
//! refuses bodies that are not declared as `application/json`. Its clients need no header `operationID` after
//! [`Api::create_operation_ids`].
//!
//! # Responses
//!
//! Success and failure both have HTTP status 200 and an envelope:
//!
//! ```json
//! {"errCode":0,"errMsg":"","errDlt":"","data":null}
//! {"errCode":1001,"errMsg":"ArgsError","errDlt":"conversation.burnDuration: must be at least 0, got -1"}
//! ```
//!
//! The envelope of an internal error contains only the operation ID; the log shows the cause. Unknown paths and
//! unsupported methods return 404; [`not_found`] is a fallback that does so for a whole server. Calls beyond the limit of
//! [`Api::max_in_flight`] return 429 and an envelope. [`require_host`] is a middleware that refuses requests without a
//! valid `Host`.
//!
//! A call counts until its response is written. Long lists are read while they are written, so a client that does not
//! read keeps little in memory. Let your server close connections that do not read; [`Api`] frees their permits only for
//! responses of more than one chunk.
//!
//! The log names the peer of a refused call if the server adds `axum::extract::ConnectInfo<SocketAddr>` to the request.
//!
//! # Adding a route
//!
//! A route is a handler, a description and a line in a table in `routes.rs`. `pipeline.rs` does what all calls have in
//! common. The fields and codes of a new route appear in the OpenAPI document automatically.
//!
//! # Features
//!
//! - `docs-page`: serves `/docs`, a page that describes every route and sends requests.

mod access;
mod api;
mod api_error;
mod authenticate;
mod body;
mod body_budget;
mod caller_shares;
mod concurrency_limit;
mod cors;
mod deadline;
mod decode;
#[cfg(feature = "docs-page")]
mod docs_page;
mod endpoint;
mod envelope;
mod fallback;
mod gzip;
mod headers;
mod host;
pub mod metrics;
mod metrics_text;
mod openapi;
mod operation_id;
mod page;
mod pipeline;
mod readiness;
mod reply;
mod route;
mod router;
mod routes;
mod wire;

pub use api::Api;
pub use api_error::ApiError;
pub use authenticate::Authenticate;
pub use conversation_settings_openim::{Claims, Code, TokenAuthority, TokenError};
pub use fallback::{not_found, not_found_but, too_many_connections};
pub use host::require_host;
