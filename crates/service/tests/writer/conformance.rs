//! The suite on a writer: it keeps the contract of the store behind it.

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::conformance::Harness;

struct WriterOverMemory;

impl Harness for WriterOverMemory {
    type Guard = MemoryStore;
    type Store = Writer;

    async fn fresh(&self) -> Option<(MemoryStore, Writer)> {
        let memory = MemoryStore::new();
        Some((memory.clone(), Writer::new(memory, WriterOptions::default())))
    }

    async fn another_handle(&self, memory: &MemoryStore, _: &Writer) -> Option<Writer> {
        Some(Writer::new(memory.clone(), WriterOptions::default()))
    }
}

conversation_settings_testkit::conformance!(WriterOverMemory);
