//! A shared store is a store.

use std::sync::Arc;

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};

use crate::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted, WriteProfile,
};

#[deny(clippy::missing_trait_methods, reason = "a default method would bypass the override of the store inside")]
#[async_trait]
impl<S: ConversationStore + ?Sized> ConversationStore for Arc<S> {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        (**self).apply(batch, at).await
    }

    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        (**self).apply_while_wanted(batch, at, wanted).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        (**self).get(keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        (**self).list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        (**self).list_by_conversation(conversation_id, filter, page).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        (**self).count(owner).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        (**self).version(owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        (**self).changes(owner, since, limit).await
    }

    fn write_profile(&self) -> WriteProfile {
        (**self).write_profile()
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        (**self).prune(owner, through).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        (**self).ready().await
    }
}
