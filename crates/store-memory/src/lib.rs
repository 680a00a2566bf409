//! Conversations in a map: the shortest correct adapter. Authors of adapters read it first.
//!
//! ```
//! # use conversation_settings_store::ConversationStore;
//! let store: std::sync::Arc<dyn ConversationStore> = std::sync::Arc::new(conversation_settings_store_memory::MemoryStore::new());
//! ```

mod store;

pub use store::MemoryStore;
