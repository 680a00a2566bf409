//! Conversation settings in PostgreSQL, beside the rest of a host's tables.
//!
//! ```no_run
//! use conversation_settings_core::{Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch};
//! use conversation_settings_store::{ConversationStore, ConversationStoreExt};
//! use conversation_settings_store_postgres::{PostgresStore, Schema};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // Or `PostgresStore::with_pool`, to use an existing pool.
//! let store = PostgresStore::open("postgres://app@127.0.0.1:5432/app", &Schema::default()).await?;
//!
//! let key = Key::new(UserId::new("alice")?, ConversationId::new("sg_team")?);
//! let missing = Missing::Create(Target::Group(GroupId::new("team")?));
//! let change = Change::Set { patch: Patch::KEEP.is_pinned(true), missing };
//! let batch = WriteBatch::new(vec![Write { key: key.clone(), change: change.into() }])?;
//!
//! store.apply(&batch, Timestamp(1_700_000_000_000)).await?; // as durable as the server is configured
//! assert!(store.get_one(key).await?.unwrap().settings.is_pinned);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A batch is two statements, for any number of users. The first loads records and versions. The second stores what has
//! changed, on condition that every owner still has the version that was loaded. It is a transaction by itself, and if
//! another writer was faster, all of it fails. The batch then takes the owners' locks within the process, locks the
//! owners in the database in one order, loads again and stores. A no-op ends after the first statement.
//!
//! Arrays of keys and values are the statements' parameters; records with equal settings share one value of each.
//! A read is one statement, and so one snapshot.
//!
//! A caller that gives up leaves its connection to a task, which returns it to the pool once the server is done with it.

mod address_option;
mod connection;
mod error;
mod health;
mod history;
mod host_transaction;
mod hosts;
mod lend;
mod open;
mod open_error;
mod queries;
mod renew;
mod retry;
mod rights;
mod rows;
mod schema;
mod schema_name;
mod session;
mod source;
mod statements;
mod store;
mod tls;
mod writes;

pub use conversation_settings_tls::{Authorities, AuthorityError};
pub use deadpool_postgres;
pub use lend::{Lend, LentClient};
pub use open_error::OpenError;
pub use schema_name::{Schema, SchemaError};
pub use store::PostgresStore;
