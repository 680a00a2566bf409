//! Each user's own settings of each conversation of a chat server, as one dependency.
//!
//! # Quick start
//!
//! With the features `sqlite` of this crate and `macros` and `rt-multi-thread` of tokio:
//!
//! ```no_run
//! use conversation_settings::{Context, ConversationId, GroupId, Patch, Service, SetConversations, SqliteStore, UserId};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let settings = Service::builder(SqliteStore::open("settings.db")?).build();
//!     let (alice, bob, team) = (UserId::new("alice")?, UserId::new("bob")?, GroupId::new("team")?);
//!
//!     let pin = SetConversations::group(&team).users([&alice, &bob]).patch(Patch::KEEP.is_pinned(true)).build()?;
//!     for change in settings.set(&Context::admin(UserId::new("ops")?), pin).await?.changed() {
//!         println!("{} {} at version {:?}", change.user, change.outcome, change.version);
//!     }
//!
//!     let seen = settings.get(&Context::user(alice.clone()), &alice, &ConversationId::group(&team)).await?;
//!     assert!(seen.is_some_and(|conversation| conversation.settings.is_pinned));
//!     Ok(())
//! }
//! ```
//!
//! [`SetConversations`] names the users, the conversation and a [`Patch`]: the fields to set. [`Service::set`] writes all
//! of it or nothing, and creates missing conversations. The [`Report`] says what changed. A second run of this program
//! prints nothing, because a call that changes nothing writes nothing.
//!
//! The [`Context`] names the caller. Users read and set their own conversations, administrators those of any user; a host
//! grants more through [`Authorize`].
//!
//! # Choose a store
//!
//! No feature is on by default. Each store is one feature and one line:
//!
//! | feature | store | keeps conversations in |
//! |---|---|---|
//! | `memory` | [`MemoryStore`] | a map, for tests and trials |
//! | `sqlite` | [`SqliteStore`] | a file |
//! | `postgres` | [`PostgresStore`] | tables beside the host's own |
//! | `mongodb` | [`MongoStore`] | OpenIM's own collections |
//!
//! An own database needs an implementation of [`ConversationStore`]; its documentation is the contract, and [`testing`]
//! proves it.
//!
//! # Keep clients in sync
//!
//! Each user has a version, which rises with each batch that changes one of the user's conversations. A client remembers
//! the version and asks for what changed since:
//!
//! ```
//! use conversation_settings::{Changes, Context, GroupId, MemoryStore, Patch, Service, SetConversations, UserId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let settings = Service::builder(MemoryStore::new()).build();
//! # let (alice, team) = (UserId::new("alice")?, GroupId::new("team")?);
//! let context = Context::user(alice.clone());
//! let synced = settings.snapshot(&context, &alice).await?.version;
//!
//! let pin = SetConversations::group(&team).users([&alice]).patch(Patch::KEEP.is_pinned(true)).build()?;
//! settings.set(&context, pin).await?;
//!
//! match settings.changes(&context, &alice, &synced).await? {
//!     Changes::Increment { inserted, .. } => assert_eq!(inserted.len(), 1),
//!     Changes::Full(_) => unreachable!("the client reads everything anew, as after a long absence"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Serve clients of OpenIM
//!
//! With the feature `http`, [`http::Api`] is an axum router in OpenIM's REST format, to nest in a server:
//!
//! ```
//! use axum::{Router, routing::get};
//! use conversation_settings::{
//!     MemoryStore, Service, UserId,
//!     http::{Api, TokenAuthority},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = Service::builder(MemoryStore::new()).build();
//! let tokens = TokenAuthority::new("a secret of yours", [UserId::new("imAdmin")?]);
//! let conversations = Api::with_tokens(service, tokens).router();
//! let app: Router = Router::new().route("/", get(|| async { "your own server" })).nest("/settings", conversations);
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! # Connect the host
//!
//! The service asks and notifies the host through traits. All of them are optional; see [`ServiceBuilder`].
//!
//! | trait | for | ready implementations |
//! |---|---|---|
//! | [`EventSink`] | receiving changes after they are stored | [`EventLog`], [`EventChannel`]; with `webhook` [`webhook::Webhook`] |
//! | [`Authorize`] | who may do what | [`OwnerOrAdmin`] |
//! | [`GroupDirectory`] | whether a group exists | [`MemoryGroups`]; with `openim` [`openim::OpenImGroups`] |
//! | [`Messages`] | the latest message of a conversation | |
//! | [`Clock`] | the time | [`SystemClock`] |
//!
//! # Layers
//!
//! The root has the domain of `conversation-settings-core` and the use cases of `conversation-settings-service`. The pure
//! functions need no store: [`Patch::apply`] merges, [`decide`] says what a write does. [`store`] is the storage contract.
//! Every other module is a crate behind a feature.

pub use conversation_settings_core::*;
pub use conversation_settings_service::*;
#[doc(inline)]
pub use conversation_settings_store as store;
pub use conversation_settings_store::{
    Changes, ConversationStore, ConversationStoreExt, Filter, LogId, OwnerVersion, Page, PageRequest, StoreError,
};

#[cfg(feature = "memory")]
#[doc(inline)]
pub use conversation_settings_store_memory::{self as memory, MemoryStore};

#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use conversation_settings_store_sqlite::{self as sqlite, SqliteStore};

#[cfg(feature = "postgres")]
#[doc(inline)]
pub use conversation_settings_store_postgres::{self as postgres, PostgresStore};

#[cfg(feature = "mongodb")]
#[doc(inline)]
pub use conversation_settings_store_mongodb::{self as mongodb, MongoStore};

#[cfg(feature = "http")]
#[doc(inline)]
pub use conversation_settings_http as http;

#[cfg(feature = "webhook")]
#[doc(inline)]
pub use conversation_settings_webhook as webhook;

#[cfg(feature = "openim")]
#[doc(inline)]
pub use conversation_settings_openim as openim;

#[cfg(feature = "testing")]
pub mod testing {
    //! Mocks for tests of a host; conformance suite, model and faults for tests of an adapter.

    #[doc(inline)]
    pub use conversation_settings_service::testing as mocks;
    #[doc(inline)]
    pub use conversation_settings_testkit::*;
}

/// The README's programs compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
