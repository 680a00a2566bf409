//! Conversations in PostgreSQL, beside the rest of a host's tables.

mod error;
mod open;
mod queries;
mod retry;
mod rows;
mod schema;
mod session;
mod store;

pub use deadpool_postgres;
pub use open::OpenError;
pub use schema::{Schema, SchemaError};
pub use store::PostgresStore;
