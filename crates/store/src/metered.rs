//! A store whose operations are measured.

use std::{sync::Arc, time::Instant};

use ::metrics::histogram;
use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};

use crate::{Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, metrics};

/// Another store, the time of each of whose operations goes into [`metrics::OPERATION_SECONDS`].
///
/// A host puts it between its store and whoever calls it; it is made after the host has installed its recorder.
#[derive(Clone, Debug)]
pub struct MeteredStore {
    name: &'static str,
    store: Arc<dyn ConversationStore>,
}

impl MeteredStore {
    /// Measures `store`, which the metrics call `name`.
    #[must_use]
    pub fn new(name: &'static str, store: Arc<dyn ConversationStore>) -> Self {
        metrics::describe();
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

/// An operation that goes on. Its time is told when it is dropped, so that those count which nobody waits for any more:
/// they are the slowest.
struct Measured {
    store: &'static str,
    operation: &'static str,
    result: &'static str,
    begun: Instant,
}

impl Drop for Measured {
    fn drop(&mut self) {
        let Self { store, operation, result, begun } = *self;
        histogram!(metrics::OPERATION_SECONDS, "store" => store, "operation" => operation, "result" => result)
            .record(begun.elapsed());
    }
}

#[deny(clippy::missing_trait_methods, reason = "a method left to its default would not be measured")]
#[async_trait]
impl ConversationStore for MeteredStore {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.measure("apply", self.store.apply(batch, at)).await
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

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.measure("version", self.store.version(owner)).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.measure("changes", self.store.changes(owner, since, limit)).await
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.measure("prune", self.store.prune(owner, through)).await
    }
}
