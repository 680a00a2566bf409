//! The suite on the store in memory.

use conversation_store_memory::MemoryStore;
use conversation_testkit::conformance::Harness;

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

conversation_testkit::conformance!(Memory);
