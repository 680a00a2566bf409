//! The suite on a writer: it keeps the contract of the store behind it.

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::WriteProfile;
use conversation_settings_testkit::conformance::Harness;
use tokio::sync::Semaphore;

use crate::gate::GateStore;

/// Writers in front of a store in memory that takes a moment for each batch, so that others wait.
struct Writers(WriteProfile);

impl Harness for Writers {
    type Guard = GateStore;
    type Store = Writer;

    async fn fresh(&self) -> Option<(GateStore, Writer)> {
        let store = GateStore::new(Semaphore::MAX_PERMITS).with_profile(self.0);
        let writer = Writer::new(store.clone(), WriterOptions::default());
        Some((store, writer))
    }

    async fn another_handle(&self, store: &GateStore, _: &Writer) -> Option<Writer> {
        Some(Writer::new(store.another_handle(), WriterOptions::default()))
    }
}

mod merging {
    use super::{WriteProfile, Writers};

    conversation_settings_testkit::conformance!(Writers(WriteProfile::merging(1)));
}

mod separate {
    use super::{WriteProfile, Writers};

    conversation_settings_testkit::conformance!(Writers(WriteProfile::separate(usize::MAX)));
}
