use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, Loaded, LogId, OwnerVersion, OwnerWrite, Page, PageRequest, Record,
    StoreError, SyncPlan, Wanted, WriteProfile, resolve,
};

/// A store in memory, which lasts as long as the process.
///
/// One lock is its transaction: no code under the lock waits or fails half way, so a batch is one unit. A clone is another
/// handle on the same data.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    log: LogId,
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
struct Tables {
    owners: BTreeMap<UserId, Owner>,
}

#[derive(Debug, Default)]
struct Owner {
    version: Version,
    /// Tombstones of versions up to this one are forgotten.
    pruned: Version,
    /// How many of the records are conversations; the others are tombstones.
    conversations: usize,
    records: BTreeMap<ConversationId, Record>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store with a new log.
    #[must_use]
    pub fn new() -> Self {
        Self { log: LogId::random(), tables: Arc::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Code under the lock does not panic half way, so a poisoned lock still protects consistent data.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn record(&self, key: &Key) -> Option<&Record> {
        self.owners.get(&key.owner)?.records.get(&key.conversation_id)
    }

    fn load(&self, batch: &WriteBatch) -> Loaded {
        Loaded {
            records: batch.writes().iter().map(|write| self.record(&write.key).cloned()).collect(),
            versions: batch.owners().map(|owner| self.version(owner)).collect(),
        }
    }

    fn version(&self, owner: &UserId) -> Version {
        self.owners.get(owner).map(|owner| owner.version).unwrap_or_default()
    }
}

#[async_trait]
impl ConversationStore for MemoryStore {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        let mut tables = self.tables();
        // The wait for the lock is over.
        if !wanted.is_wanted() {
            return Err(StoreError::unwanted("memory"));
        }
        let resolved = resolve(batch, &tables.load(batch), at)?;
        for OwnerWrite { owner, version, added, .. } in resolved.owners {
            let owner = tables.owners.entry(owner).or_default();
            owner.version = version;
            owner.conversations = owner.conversations.saturating_add_signed(added.try_into().unwrap_or(isize::MAX));
        }
        for write in resolved.records {
            let Key { owner, conversation_id } = write.record.key().clone();
            tables.owners.entry(owner).or_default().records.insert(conversation_id, write.record);
        }
        Ok(resolved.applied)
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        let tables = self.tables();
        Ok(keys.iter().map(|key| tables.record(key).and_then(Record::live).cloned()).collect())
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        let tables = self.tables();
        let records = tables.owners.get(owner).into_iter().flat_map(|owner| {
            let after = page.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            owner.records.range::<ConversationId, _>((after, Bound::Unbounded))
        });
        let live = records.filter_map(|(_, record)| record.live());
        let found = live.filter(|conversation| filter.matches(&conversation.settings));
        let read = found.take(page.limit.saturating_add(1)).cloned().collect();
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.conversation_id.clone()))
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let tables = self.tables();
        let after = page.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let owners = tables.owners.range::<UserId, _>((after, Bound::Unbounded));
        let live = owners.filter_map(|(_, owner)| owner.records.get(conversation_id)?.live());
        let found = live.filter(|conversation| filter.matches(&conversation.settings));
        let read = found.take(page.limit.saturating_add(1)).cloned().collect();
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.owner.clone()))
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        Ok(self.tables().owners.get(owner).map_or(0, |owner| owner.conversations))
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        Ok(OwnerVersion { log: self.log, version: self.tables().version(owner) })
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let tables = self.tables();
        let current = OwnerVersion { log: self.log, version: tables.version(owner) };
        let owner = tables.owners.get(owner);
        let pruned = owner.map(|owner| owner.pruned).unwrap_or_default();
        Ok(match Changes::plan(since, current, pruned) {
            SyncPlan::Settled(changes) => changes,
            SyncPlan::ReadAfter(after) => {
                let records = owner.into_iter().flat_map(|owner| owner.records.values());
                let changed = records.filter(|record| record.last_changed > after).cloned().collect();
                Changes::from_records(after, current, limit, changed)
            }
        })
    }

    fn write_profile(&self) -> WriteProfile {
        // A batch completes without waiting, so there is nothing to share.
        WriteProfile::separate(usize::MAX)
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let mut tables = self.tables();
        let Some(owner) = tables.owners.get_mut(owner) else { return Ok(0) };
        let through = through.min(owner.version);
        owner.pruned = owner.pruned.max(through);
        let before = owner.records.len();
        owner.records.retain(|_, record| record.live().is_some() || record.last_changed > through);
        Ok(before - owner.records.len())
    }
}
