//! Conversations in redb, as somebody who keeps theirs elsewhere would write it: the code of the guide
//! `docs/write-an-adapter.md`.

mod error;
mod row;
mod store;
mod tables;

pub use error::OpenError;
pub use store::RedbStore;
