//! Wrong changes for clients.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{Key, Outcome, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, ConversationStoreExt, LogId, OwnerVersion, StoreError,
};
use conversation_settings_store_memory::MemoryStore;
use tokio::time::sleep;

use crate::store::Sabotage;

type Answer = Result<Changes, StoreError>;

/// Removes rows without a tombstone.
#[derive(Debug, Default)]
pub(crate) struct TombstoneForgotten;

#[async_trait]
impl Sabotage for TombstoneForgotten {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let mut changes = store.changes(owner, since, limit).await?;
        if let Changes::Increment { removed, .. } = &mut changes {
            removed.clear();
        }
        Ok(changes)
    }
}

/// Reports new conversations as updated.
#[derive(Debug, Default)]
pub(crate) struct NewAsUpdated;

#[async_trait]
impl Sabotage for NewAsUpdated {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let mut changes = store.changes(owner, since, limit).await?;
        if let Changes::Increment { inserted, updated, .. } = &mut changes
            && since.version > Version::ZERO
        {
            updated.append(inserted);
        }
        Ok(changes)
    }
}

/// Reports all tombstones, whether or not the client has their conversations.
#[derive(Debug, Default)]
pub(crate) struct AllTombstonesReported(Mutex<Vec<(Key, Version)>>);

#[async_trait]
impl Sabotage for AllTombstonesReported {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        let applied = store.apply(batch, at).await?;
        for (write, effect) in batch.writes().iter().zip(&applied.effects) {
            if effect.outcome == Outcome::Removed {
                self.0.lock().unwrap().push((write.key.clone(), effect.version.unwrap()));
            }
        }
        Ok(applied)
    }

    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let mut changes = store.changes(owner, since, limit).await?;
        let tombstones = self.0.lock().unwrap().clone();
        if let Changes::Increment { removed, .. } = &mut changes {
            removed.clear();
            for (key, _) in tombstones.into_iter().filter(|(key, at)| key.owner == *owner && *at > since.version) {
                if store.get_one(key.clone()).await?.is_none() {
                    removed.push(key.conversation_id);
                }
            }
        }
        Ok(changes)
    }
}

fn one_before(since: &OwnerVersion) -> OwnerVersion {
    OwnerVersion { version: Version(since.version.0.saturating_sub(1)), ..*since }
}

/// Reports the changes of the client's version, too.
#[derive(Debug, Default)]
pub(crate) struct OfTheVersionItself;

#[async_trait]
impl Sabotage for OfTheVersionItself {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        store.changes(owner, &one_before(since), limit).await
    }
}

/// Counts the changes of the client's version against the limit.
#[derive(Debug, Default)]
pub(crate) struct CountsTheVersionItself;

#[async_trait]
impl Sabotage for CountsTheVersionItself {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        match store.changes(owner, &one_before(since), limit).await? {
            Changes::Full(current) => Ok(Changes::Full(current)),
            Changes::Increment { .. } => store.changes(owner, since, limit).await,
        }
    }
}

/// Answers a new client with a full sync.
#[derive(Debug, Default)]
pub(crate) struct FullAtFirst;

#[async_trait]
impl Sabotage for FullAtFirst {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        if since.version == Version::ZERO {
            return Ok(Changes::Full(store.version(owner).await?));
        }
        store.changes(owner, since, limit).await
    }
}

/// Ignores the log.
#[derive(Debug, Default)]
pub(crate) struct AnyLog;

#[async_trait]
impl Sabotage for AnyLog {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let since = OwnerVersion { version: since.version, ..store.version(owner).await? };
        store.changes(owner, &since, limit).await
    }
}

/// Reports no change since a future version.
#[derive(Debug, Default)]
pub(crate) struct FutureIsNow;

#[async_trait]
impl Sabotage for FutureIsNow {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let current = store.version(owner).await?;
        let since = OwnerVersion { version: since.version.min(current.version), ..*since };
        store.changes(owner, &since, limit).await
    }
}

/// Ignores the limit.
#[derive(Debug, Default)]
pub(crate) struct NoLimit;

#[async_trait]
impl Sabotage for NoLimit {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, _: usize) -> Answer {
        store.changes(owner, since, usize::MAX).await
    }
}

/// Prunes all tombstones, of any version.
#[derive(Debug, Default)]
pub(crate) struct PrunesAll;

#[async_trait]
impl Sabotage for PrunesAll {
    async fn prune(&self, store: &MemoryStore, owner: &UserId, _: Version) -> Result<usize, StoreError> {
        store.prune(owner, Version(u64::MAX)).await
    }
}

/// Does not remember the pruning.
#[derive(Debug, Default)]
pub(crate) struct PruningNotRemembered;

#[async_trait]
impl Sabotage for PruningNotRemembered {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        match store.changes(owner, since, limit).await? {
            Changes::Full(current) if current.log == since.log && since.version < current.version => {
                store.changes(owner, &OwnerVersion { version: Version::ZERO, ..*since }, limit).await
            }
            changes => Ok(changes),
        }
    }
}

/// Remembers a pruning up to a future version.
#[derive(Debug, Default)]
pub(crate) struct PruningOfTheFuture(Mutex<BTreeMap<UserId, Version>>);

#[async_trait]
impl Sabotage for PruningOfTheFuture {
    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let pruned = self.0.lock().unwrap().get(owner).copied().unwrap_or_default();
        if Version::ZERO < since.version && since.version < pruned {
            return Ok(Changes::Full(store.version(owner).await?));
        }
        store.changes(owner, since, limit).await
    }

    async fn prune(&self, store: &MemoryStore, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.0.lock().unwrap().insert(owner.clone(), through);
        store.prune(owner, through).await
    }
}

/// Remembers the version of the pruning that ends last, which is the lowest.
#[derive(Debug, Default)]
pub(crate) struct LastPruningWins(Mutex<BTreeMap<UserId, Version>>);

#[async_trait]
impl Sabotage for LastPruningWins {
    async fn prune(&self, store: &MemoryStore, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let pruned = store.prune(owner, through).await?;
        sleep(Duration::from_millis(100 - 5 * through.0.min(20))).await;
        self.0.lock().unwrap().insert(owner.clone(), through);
        Ok(pruned)
    }

    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let changes = store.changes(owner, since, limit).await?;
        let is_known = self.0.lock().unwrap().get(owner).is_some_and(|pruned| since.version >= *pruned);
        if let Changes::Full(version) = changes
            && is_known
        {
            let (inserted, updated, removed) = Default::default();
            return Ok(Changes::Increment { version, inserted, updated, removed });
        }
        Ok(changes)
    }
}

/// Counts the changes of all owners in one version.
#[derive(Debug, Default)]
pub(crate) struct OneVersionForAll(Mutex<BTreeSet<UserId>>);

#[async_trait]
impl Sabotage for OneVersionForAll {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.0.lock().unwrap().extend(batch.owners().cloned());
        store.apply(batch, at).await
    }

    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let mut current = store.version(owner).await?;
        let owners = self.0.lock().unwrap().clone();
        for owner in owners {
            current.version = current.version.max(store.version(&owner).await?.version);
        }
        Ok(current)
    }
}

/// Gives the log another identity for each call.
#[derive(Debug, Default)]
pub(crate) struct LogByTheClock(AtomicU8);

#[async_trait]
impl Sabotage for LogByTheClock {
    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let log = LogId([1 + self.0.fetch_add(1, SeqCst); 12]);
        Ok(OwnerVersion { log, ..store.version(owner).await? })
    }
}

/// Gives all logs the same identity.
#[derive(Debug, Default)]
pub(crate) struct OneLogForAllData;

impl OneLogForAllData {
    const LOG: LogId = LogId([1; 12]);
}

#[async_trait]
impl Sabotage for OneLogForAllData {
    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        Ok(OwnerVersion { log: Self::LOG, ..store.version(owner).await? })
    }

    async fn changes(&self, store: &MemoryStore, owner: &UserId, since: &OwnerVersion, limit: usize) -> Answer {
        let since = OwnerVersion { version: since.version, ..store.version(owner).await? };
        let mut changes = store.changes(owner, &since, limit).await?;
        let (Changes::Full(version) | Changes::Increment { version, .. }) = &mut changes;
        version.log = Self::LOG;
        Ok(changes)
    }
}
