//! Conversations in redb: the adapter of the guide `docs/write-an-adapter.md`.

mod error;
mod row;
mod store;
mod tables;

pub use error::OpenError;
pub use store::RedbStore;
