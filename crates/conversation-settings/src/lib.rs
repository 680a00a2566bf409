//! Each user's own settings of each conversation of a chat server, as one dependency.
//!
//! # The layers
//!
//! | what | where | feature |
//! |---|---|---|
//! | settings, patches, validation: pure, no I/O | the root, from `conversation-settings-core` | |
//! | use cases: who may do what, events, ports to the host | the root, from `conversation-settings-service` | |
//! | the storage contract, for authors of adapters | [`store`] | |
//! | a store in memory | [`memory`] | `memory` |
//! | SQLite: one file, durable, no server | [`sqlite`] | `sqlite` |
//! | PostgreSQL, beside a host's own tables | [`postgres`] | `postgres` |
//! | MongoDB, on OpenIM's own collections | [`mongodb`] | `mongodb` |
//! | an axum router in OpenIM's REST format | [`http`] | `http` |
//! | conformance suite, model, faults, mocks | [`testing`] | `testing` |
//!
//! No feature is on by default. A host picks its store: `cargo add conversation-settings --features sqlite`.

pub use conversation_settings_core::*;
pub use conversation_settings_service::{
    Caller, Clock, Context, DirectoryError, Event, EventChannel, EventFanOut, EventKind, EventLog, EventSink,
    GroupDirectory, GroupStatus, Latest, MemoryGroups, Messages, MessagesError, MutingUsers, Service, ServiceBuilder,
    ServiceError, SystemClock,
};
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

#[cfg(feature = "testing")]
#[doc(inline)]
pub use conversation_settings_testkit as testing;

/// The README's programs compile.
#[cfg(all(doctest, feature = "http", feature = "memory", feature = "sqlite"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
