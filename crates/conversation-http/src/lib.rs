//! Conversation settings over HTTP, in OpenIM's REST format: a router to mount in a server of your own.
//!
//! ```
//! use std::sync::Arc;
//!
//! use conversation_core::UserId;
//! use conversation_http::{Host, TokenAuthority};
//! use conversation_service::ConversationService;
//! use conversation_store_memory::MemoryStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ConversationService::builder(Arc::new(MemoryStore::new())).build();
//! let tokens = TokenAuthority::new("a secret", [UserId::new("imAdmin")?]);
//! let conversations = Host::with_tokens(service, tokens).router();
//! let app = axum::Router::new().route("/", axum::routing::get(|| async { "hello" })).merge(conversations);
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! # Who calls
//!
//! A [`TokenAuthority`] makes and checks the tokens that OpenIM's clients carry. A host with tokens of its own says who
//! calls by implementing [`Authenticate`], and builds its router with [`Host::new`].
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
//! [`Host::max_in_flight`]. [`not_found`] is a fallback that does so for the whole of a server.
//!
//! # Adding a route
//!
//! One handler, what the document says of it, and one line in the table in `routes.rs`. What all have in common, from the
//! operation ID to the envelope, is `call.rs`. Its fields and codes get into the document by themselves.

mod admit;
mod authenticate;
mod body;
mod call;
mod claims;
mod cors;
mod decode;
mod envelope;
mod failure;
mod host;
mod jwt;
pub mod metrics;
mod openapi;
mod operation_id;
mod page;
mod patience;
mod room;
mod routes;
mod token;

pub use authenticate::Authenticate;
pub use claims::Claims;
pub use failure::Failure;
pub use host::Host;
pub use routes::not_found;
pub use token::TokenAuthority;

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
