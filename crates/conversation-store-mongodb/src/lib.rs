//! Conversations in MongoDB, on the collections that OpenIM already has.

mod edits;
mod error;
mod fields;
mod keys;
mod load;
mod log;
mod open;
mod queries;
mod retry;
mod rows;
mod schema;
mod store;
mod transaction;
mod writes;

pub use open::OpenError;
pub use store::MongoStore;
