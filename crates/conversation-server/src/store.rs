//! The place where a storage adapter is wired in.

use std::sync::Arc;

use conversation_store::ConversationStore;
use conversation_store_memory::MemoryStore;
use conversation_store_sqlite::SqliteStore;

use crate::error::StartError;

/// Opens the store that `location` names.
pub(crate) async fn open(location: &str) -> Result<Arc<dyn ConversationStore>, StartError> {
    let (scheme, rest) = location.split_once(':').unwrap_or((location, ""));
    match (scheme, rest) {
        ("memory", "") => Ok(Arc::new(MemoryStore::new())),
        ("sqlite", path) if !path.is_empty() => Ok(Arc::new(SqliteStore::open(path).map_err(StartError::Store)?)),
        ("mongodb", _) => Err(StartError::NoAdapter("MongoDB")),
        ("postgres", _) => Err(StartError::NoAdapter("PostgreSQL")),
        // The rest may hold a password, so it is not repeated.
        _ => Err(StartError::Usage(format!(
            "the store must be one of memory:, sqlite:PATH, mongodb://… and postgres://…, got {scheme}:"
        ))),
    }
}
