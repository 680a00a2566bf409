use std::time::Instant;

use ::metrics::histogram;
use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};

use crate::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted, WriteProfile,
};

/// A store that records the duration of each operation of another one in [`OPERATION_SECONDS`](super::OPERATION_SECONDS).
#[derive(Clone, Debug)]
pub struct MeteredStore<S> {
    name: &'static str,
    store: S,
}

impl<S> MeteredStore<S> {
    /// Measures `store` under the label `name`, with the recorder that the host has installed by then.
    #[must_use]
    pub fn new(name: &'static str, store: S) -> Self {
        super::describe();
        Self { name, store }
    }

    async fn measure<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut measured = Measured { store: self.name, operation, result: "abandoned", begun: Instant::now() };
        let answer = call.await;
        measured.result = answer.as_ref().map_or_else(StoreError::kind, |_| "ok");
        answer
    }
}

/// An operation in progress. Recorded on drop, so that abandoned calls count: they are the slowest.
struct Measured {
    store: &'static str,
    operation: &'static str,
    result: &'static str,
    begun: Instant,
}

impl Drop for Measured {
    fn drop(&mut self) {
        let Self { store, operation, result, begun } = *self;
        histogram!(super::OPERATION_SECONDS, "store" => store, "operation" => operation, "result" => result)
            .record(begun.elapsed());
    }
}

#[deny(clippy::missing_trait_methods, reason = "a default method would not be measured")]
#[async_trait]
impl<S: ConversationStore> ConversationStore for MeteredStore<S> {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.measure("apply", self.store.apply(batch, at)).await
    }

    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        self.measure("apply", self.store.apply_while_wanted(batch, at, wanted)).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.measure("get", self.store.get(keys)).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.measure("list", self.store.list(owner, filter, page)).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.measure("list_by_conversation", self.store.list_by_conversation(conversation_id, filter, page)).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.measure("count", self.store.count(owner)).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.measure("version", self.store.version(owner)).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.measure("changes", self.store.changes(owner, since, limit)).await
    }

    fn write_profile(&self) -> WriteProfile {
        self.store.write_profile()
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.measure("prune", self.store.prune(owner, through)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.measure("ready", self.store.ready()).await
    }
}
