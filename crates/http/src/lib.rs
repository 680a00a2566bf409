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
//! let app = axum::Router::new().route("/", axum::routing::get(|| async { "hello" })).merge(conversations);
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! # Who calls
//!
//! A [`TokenAuthority`] makes and checks the tokens that OpenIM's clients carry. A host with tokens of its own says who
//! calls by implementing [`Authenticate`], and builds its router with [`Api::new`].
//!
//! # What is answered
//!
//! HTTP status 200 and an envelope, for success and failure alike:
//!
//! ```json
//! {"errCode":0,"errMsg":"","errDlt":"","data":null}
//! {"errCode":1001,"errMsg":"ArgsError","errDlt":"conversation.burnDuration: must be at least 0, got -1"}
//! ```
//!
//! Of a failure inside, the envelope tells the operation ID alone; the log has the cause. An unknown path and a wrong
//! method are answered with status 404. A call too many at once has status 429, and an envelope all the same; see
//! [`Api::max_in_flight`]. [`not_found`] is a fallback that does so for the whole of a server.
//!
//! # Adding a route
//!
//! One handler, what the document says of it, and one line in the table in `routes.rs`. What all have in common, from the
//! operation ID to the envelope, is `call.rs`. Its fields and codes get into the document by themselves.

mod access;
mod api;
mod api_error;
mod authenticate;
mod body;
mod concurrency_limit;
mod cors;
mod deadline;
mod decode;
mod docs_page;
mod envelope;
pub mod metrics;
mod openapi;
mod operation_id;
mod pipeline;
mod routes;
mod wire;

pub use api::Api;
pub use api_error::ApiError;
pub use authenticate::Authenticate;
pub use conversation_settings_openim::{Claims, Code, TokenAuthority, TokenError};
pub use routes::not_found;
