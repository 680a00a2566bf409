//! Stores conversations in MongoDB, in OpenIM's own collections.
//!
//! ```no_run
//! use conversation_settings_core::{Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch};
//! use conversation_settings_store::{ConversationStore, ConversationStoreExt};
//! use conversation_settings_store_mongodb::MongoStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MongoStore::open("mongodb://127.0.0.1:27017/openim_v3?replicaSet=rs0").await?;
//!
//! let key = Key::new(UserId::new("alice")?, ConversationId::new("sg_team")?);
//! let missing = Missing::Create(Target::Group(GroupId::new("team")?));
//! let change = Change::Set { patch: Patch::KEEP.is_pinned(true), missing };
//! let batch = WriteBatch::new(vec![Write { key: key.clone(), change: change.into() }])?;
//!
//! store.apply(&batch, Timestamp(1_700_000_000_000)).await?; // durable: a majority has it
//! assert!(store.get_one(key).await?.unwrap().settings.is_pinned);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A batch is one transaction. It finds the conversations; if one of them changes, it finds the versions and log entries,
//! runs the statements, and commits. Equal changes are one statement, and statements of one kind are one command, so
//! round trips do not grow with the number of users. The transaction runs in a task of its own, so it finishes even if the
//! caller drops the future.
//!
//! A no-op needs no transaction if a read shows that its data is durable. No-ops come in series, so that read is tried
//! after a no-op; see `MongoStore::noop_fast_path`.
//!
//! An owner's version and log are one document of OpenIM's, with tombstones as entries. `log.rs` describes the field that
//! this crate adds, and how a log is cut.
//!
//! Conflicts, elections and lost responses are retried inside; see `retry.rs` and `transaction.rs`.

mod address_option;
mod collections;
mod error;
mod fields;
mod host_transaction;
mod keys;
mod load;
mod log;
mod log_updates;
mod open;
mod open_error;
mod primary;
mod queries;
mod renew;
mod retry;
mod rights;
mod rows;
mod schema;
mod sightings;
mod store;
mod transaction;
mod writes;

pub use conversation_settings_tls::{Authorities, AuthorityError};
pub use mongodb;
pub use open_error::OpenError;
pub use renew::RenewError;
pub use store::MongoStore;
