//! Totals that are wrong.

use async_trait::async_trait;
use conversation_settings_core::UserId;
use conversation_settings_store::{ConversationStore, OwnerVersion, StoreError};
use conversation_settings_store_memory::MemoryStore;

use crate::store::Sabotage;

/// Counts changes, so removed conversations too.
#[derive(Debug, Default)]
pub(crate) struct CountsChanges;

#[async_trait]
impl Sabotage for CountsChanges {
    async fn count(&self, store: &MemoryStore, owner: &UserId) -> Result<usize, StoreError> {
        let version = store.changes(owner, &OwnerVersion::default(), usize::MAX).await?.version().version;
        Ok(usize::try_from(version.0).expect("small"))
    }
}
