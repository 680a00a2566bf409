//! Conversation settings in SQLite: one file, durable, no server to run.
//!
//! ```
//! use conversation_settings_core::{Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch};
//! use conversation_settings_store::{ConversationStore, ConversationStoreExt};
//! use conversation_settings_store_sqlite::SqliteStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data/conversations.db");
//! let store = SqliteStore::open(&path)?; // creates the file and its folder
//!
//! let key = Key::new(UserId::new("alice")?, ConversationId::new("sg_team")?);
//! let missing = Missing::Create(Target::Group(GroupId::new("team")?));
//! let change = Change::Set { patch: Patch::KEEP.is_pinned(true), missing };
//! let batch = WriteBatch::new(vec![Write { key: key.clone(), change: change.into() }])?;
//!
//! store.apply(&batch, Timestamp(1_700_000_000_000)).await?; // durable from here on
//! assert!(store.get_one(key).await?.unwrap().settings.is_pinned);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! One thread writes. Batches queue for it, and all that wait when a transaction begins share its commit, and so one
//! `fsync`. A caller gets its result after the commit has returned. A rejected batch has written nothing. If a batch
//! fails, the transaction rolls back, and the writer applies each of its batches again, alone. A large batch shares no
//! commit. If another program holds the lock, all callers that wait get an error after five seconds. A caller that gives up
//! before its batch begins has changed nothing.
//!
//! Each read runs in a transaction on a connection of its own, sees one snapshot, and never waits for the writer. Reads
//! run on threads for blocking work. A lookup of one row runs on the caller's thread if a connection is idle: a task on
//! another thread costs several times as much as the lookup.
//!
//! Files are created for their owner alone. Before each commit the writer checks that the files are still at their paths:
//! what is written into a deleted file is lost. If one is not, calls fail until it is back.
//!
//! [`SqliteStore::backup_to`] and [`backup`] copy a database while others write it; [`restore`] puts a copy in its place.
//! [`renew_log`] is for a file that another tool has restored.
//!
//! The file is in WAL mode with `synchronous=FULL`. Several handles may have it open, in one process or in several.

mod backup;
mod backup_error;
mod connection;
mod error;
mod files;
mod host_transaction;
pub mod metrics;
mod open;
mod open_error;
mod queries;
mod readers;
mod renew;
mod restore;
mod rows;
mod schema;
mod store;
mod writer;
mod writes;

pub use backup::{Progress, backup};
pub use backup_error::BackupError;
pub use open_error::OpenError;
pub use renew::renew_log;
pub use restore::{Restored, restore};
pub use rusqlite;
pub use store::SqliteStore;
