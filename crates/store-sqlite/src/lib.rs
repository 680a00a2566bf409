//! Conversations in SQLite: one file, durable, no server to run.
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
//! let store = SqliteStore::open(&path)?; // made on first use, its folder too
//!
//! let key = Key::new(UserId::new("alice")?, ConversationId::new("sg_team")?);
//! let missing = Missing::Create(Target::Group(GroupId::new("team")?));
//! let change = Change::Set { patch: Patch::KEEP.is_pinned(true), missing };
//! let batch = WriteBatch::new(vec![Write { key: key.clone(), change: change.into() }])?;
//!
//! store.apply(&batch, Timestamp(1_700_000_000_000)).await?; // on the disk from here on
//! assert!(store.get_one(key).await?.unwrap().settings.is_pinned);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! One thread writes. Batches queue for it, and whatever waits when it begins a transaction goes into that transaction:
//! many callers share one `fsync`. Nobody is answered before the commit has returned. A batch that is rejected has
//! written nothing; one that fails undoes the transaction, whose other batches are then applied again, each alone. A
//! full queue makes callers wait; one that gives up before its turn came has done nothing.
//!
//! Reads run on connections of their own, each in a transaction of one moment, and never wait for the writer. They have
//! threads of their own too, but for the smallest: one row is looked up on the caller's thread, where a connection is at
//! hand and no lock in the way, since to hand it over and be woken would take several times as long as the read.
//!
//! The file is in WAL mode with `synchronous=FULL`. Several handles, in one process or in many, may have it open.

mod error;
pub mod metrics;
mod open;
mod queries;
mod readers;
mod rows;
mod schema;
mod store;
mod writer;

pub use open::OpenError;
pub use store::SqliteStore;
