//! Conversations in MongoDB, on the collections that OpenIM already has.
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
//! store.apply(&batch, Timestamp(1_700_000_000_000)).await?; // a majority has it from here on
//! assert!(store.get_one(key).await?.unwrap().settings.is_pinned);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A batch is one transaction: a find of the conversations, and where something changes, a find of the versions and of
//! what the logs say, the statements, and the commit. All that changes alike is one statement, and statements of a kind
//! are one command, so that round trips do not grow with the number of users. A transaction runs in a task of its own,
//! to its end, even if the caller gives it up.
//!
//! Silence needs no transaction where a read shows that all there is, is there to stay. Who sets again what is set
//! mostly does so in a row, so that is tried after a call that came to nothing; see `MongoStore::silence`.
//!
//! An owner's version and log are one document of OpenIM's, in which tombstones are entries; see `log.rs` for what a
//! field of our own adds to them, and how a log is kept short.
//!
//! Conflicts, elections and lost answers are waited out inside; see `retry.rs` and `transaction.rs`.

mod edits;
mod error;
mod fields;
mod keys;
mod load;
mod log;
mod open;
mod primary;
mod queries;
mod retry;
mod rows;
mod schema;
mod store;
mod transaction;
mod writes;

pub use open::OpenError;
pub use store::MongoStore;
