//! Conversations in PostgreSQL, beside the rest of a host's tables.
//!
//! ```no_run
//! use conversation_settings_core::{Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch};
//! use conversation_settings_store::{ConversationStore, ConversationStoreExt};
//! use conversation_settings_store_postgres::{PostgresStore, Schema};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // Or `PostgresStore::with_pool`, for a pool that you have already.
//! let store = PostgresStore::open("postgres://app@127.0.0.1:5432/app", &Schema::default()).await?;
//!
//! let key = Key::new(UserId::new("alice")?, ConversationId::new("sg_team")?);
//! let missing = Missing::Create(Target::Group(GroupId::new("team")?));
//! let change = Change::Set { patch: Patch::KEEP.is_pinned(true), missing };
//! let batch = WriteBatch::new(vec![Write { key: key.clone(), change: change.into() }])?;
//!
//! store.apply(&batch, Timestamp(1_700_000_000_000)).await?; // as durable as the server has it from here on
//! assert!(store.get_one(key).await?.unwrap().settings.is_pinned);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A batch is two statements, however many users it has. The first loads what is held. The second stores what has changed,
//! if every owner still has the version that was loaded, and is a transaction by itself: where somebody was faster, it
//! fails as a whole. Then the batch waits for its turn in the process, locks its owners in one order, and only then loads
//! and stores. What changes nothing ends with the first statement.
//!
//! The arrays of keys and values are the statements' parameters; records with equal settings share one value of each.
//! Reads are one statement each, and so of one moment.
//!
//! A caller that gives up half way leaves its connection to a task, which brings it back to the pool when the server is
//! done with it.

mod error;
mod open;
mod open_error;
mod queries;
mod retry;
mod rows;
mod schema;
mod session;
mod statements;
mod store;
mod tls;

pub use deadpool_postgres;
pub use open_error::OpenError;
pub use schema::{Schema, SchemaError};
pub use store::PostgresStore;
