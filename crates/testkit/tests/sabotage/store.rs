//! The store in memory, behind a sabotage.

use std::{any::type_name, fmt::Debug};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted, WriteProfile,
};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::conformance::Harness;

pub(crate) const STORE: &str = "sabotaged";

/// What is wrong with a store. A sabotage overrides the one method that is wrong.
#[async_trait]
pub(crate) trait Sabotage: Debug + Send + Sync + 'static {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        store.apply(batch, at).await
    }

    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        store.get(keys).await
    }

    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        store.list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        store: &MemoryStore,
        id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        store.list_by_conversation(id, filter, page).await
    }

    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        store.version(owner).await
    }

    async fn changes(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        since: &OwnerVersion,
        limit: usize,
    ) -> Result<Changes, StoreError> {
        store.changes(owner, since, limit).await
    }

    async fn prune(&self, store: &MemoryStore, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        store.prune(owner, through).await
    }

    async fn count(&self, store: &MemoryStore, owner: &UserId) -> Result<usize, StoreError> {
        store.count(owner).await
    }

    /// Whether a batch that nobody wants is applied.
    fn ignores_callers(&self) -> bool {
        false
    }

    /// The data after the store was closed and opened again.
    fn reopened(&self, store: MemoryStore) -> MemoryStore {
        store
    }

    fn inject_fault(&self) {}

    fn round_trips(&self) -> u64 {
        0
    }
}

/// No sabotage.
#[derive(Debug, Default)]
pub(crate) struct Right;

impl Sabotage for Right {}

#[derive(Debug)]
pub(crate) struct Sabotaged {
    store: MemoryStore,
    sabotage: Box<dyn Sabotage>,
}

#[deny(clippy::missing_trait_methods, reason = "a default method would bypass the sabotage")]
#[async_trait]
impl ConversationStore for Sabotaged {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.sabotage.apply(&self.store, batch, at).await
    }

    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        if wanted.is_wanted() || self.sabotage.ignores_callers() {
            self.apply(batch, at).await
        } else {
            Err(StoreError::unwanted(STORE))
        }
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.sabotage.get(&self.store, keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.sabotage.list(&self.store, owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.sabotage.list_by_conversation(&self.store, id, filter, page).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.sabotage.count(&self.store, owner).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.sabotage.version(&self.store, owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.sabotage.changes(&self.store, owner, since, limit).await
    }

    fn write_profile(&self) -> WriteProfile {
        WriteProfile::default()
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.sabotage.prune(&self.store, owner, through).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.store.ready().await
    }
}

/// Makes stores with one sabotage. Not generic, so that the whole suite is compiled once.
#[derive(Debug)]
pub(crate) struct Wrongly {
    pub(crate) name: &'static str,
    sabotage: fn() -> Box<dyn Sabotage>,
}

impl Wrongly {
    pub(crate) fn by<S: Sabotage + Default>() -> Self {
        Self { name: type_name::<S>(), sabotage: || Box::new(S::default()) }
    }

    fn store(&self, store: MemoryStore) -> Sabotaged {
        Sabotaged { store, sabotage: (self.sabotage)() }
    }
}

impl Harness for Wrongly {
    type Guard = ();
    type Store = Sabotaged;

    async fn fresh(&self) -> Option<((), Sabotaged)> {
        Some(((), self.store(MemoryStore::new())))
    }

    async fn another_handle(&self, (): &(), other: &Sabotaged) -> Option<Sabotaged> {
        Some(self.store(other.store.clone()))
    }

    async fn reopen(&self, (): &(), other: Sabotaged) -> Option<Sabotaged> {
        Some(self.store(other.sabotage.reopened(other.store)))
    }

    async fn round_trips(&self, (): &(), store: &Sabotaged) -> Option<u64> {
        Some(store.sabotage.round_trips())
    }

    async fn inject_fault(&self, (): &(), store: &Sabotaged) -> Option<()> {
        store.sabotage.inject_fault();
        Some(())
    }
}
