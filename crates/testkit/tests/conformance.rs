//! The suite on the memory store.

use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::conformance::Harness;

struct Memory;

impl Harness for Memory {
    type Guard = ();
    type Store = MemoryStore;

    async fn fresh(&self) -> Option<((), MemoryStore)> {
        Some(((), MemoryStore::new()))
    }

    async fn another_handle(&self, (): &(), store: &MemoryStore) -> Option<MemoryStore> {
        Some(store.clone())
    }
}

conversation_settings_testkit::conformance!(Memory);
