//! Writes that are not as resolved, not atomic, or not serialised.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{
    Change, Conversation, Key, Mask, Missing, Outcome, Rejected, Settings, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{Applied, ConversationStore, OwnerVersion, StoreError};
use conversation_settings_store_memory::MemoryStore;
use tokio::{sync, task::yield_now, time::sleep};

use crate::store::{STORE, Sabotage};

type Answer = Result<Applied, StoreError>;

/// The batch with each change replaced.
pub(crate) fn changed(batch: &WriteBatch, mut change: impl FnMut(Change) -> Change) -> WriteBatch {
    let changed = |write: &Write| Write { key: write.key.clone(), change: change((*write.change).clone()).into() };
    WriteBatch::new(batch.writes().iter().map(changed).collect()).unwrap()
}

pub(crate) async fn loaded(store: &MemoryStore, batch: &WriteBatch) -> Result<Vec<Option<Conversation>>, StoreError> {
    store.get(&batch.writes().iter().map(|write| write.key.clone()).collect::<Vec<_>>()).await
}

/// Lets other calls in between, as a remote database does.
pub(crate) async fn let_others_in() {
    sleep(Duration::from_millis(1)).await;
}

/// Applies part by part, up to the first that fails.
async fn in_parts<'a>(store: &MemoryStore, parts: impl Iterator<Item = &'a [Write]> + Send, at: Timestamp) -> Answer {
    let mut effects = Vec::new();
    for part in parts.map(|part| WriteBatch::new(part.to_vec()).unwrap()).collect::<Vec<_>>() {
        effects.extend(store.apply(&part, at).await?.effects);
        yield_now().await;
    }
    Ok(Applied { effects })
}

/// Reads a conversation, applies the patch, and writes all fields.
#[derive(Debug, Default)]
pub(crate) struct LastWriterWins;

#[async_trait]
impl Sabotage for LastWriterWins {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let mut loaded = loaded(store, batch).await?.into_iter();
        let_others_in().await;
        let whole = changed(batch, |change| match (loaded.next().flatten(), change) {
            (Some(found), Change::Set { patch, missing }) if !patch.is_empty() => {
                Change::Set { patch: found.settings.get(Mask::ALL).then(patch), missing }
            }
            (_, change) => change,
        });
        store.apply(&whole, at).await
    }
}

/// Replaces a conversation by the defaults and the patch.
#[derive(Debug, Default)]
pub(crate) struct ReplacesWhole;

#[async_trait]
impl Sabotage for ReplacesWhole {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let whole = changed(batch, |change| match change {
            Change::Set { patch, missing } if !patch.is_empty() => {
                Change::Set { patch: Settings::default().get(Mask::ALL).then(patch), missing }
            }
            change => change,
        });
        store.apply(&whole, at).await
    }
}

/// Answers that it created a conversation, although another call did so first.
#[derive(Debug, Default)]
pub(crate) struct InsertOrIgnore;

#[async_trait]
impl Sabotage for InsertOrIgnore {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let loaded = loaded(store, batch).await?;
        let_others_in().await;
        let mut applied = store.apply(batch, at).await?;
        for (effect, found) in applied.effects.iter_mut().zip(loaded) {
            if found.is_none() && effect.outcome == Outcome::Unchanged {
                effect.outcome = Outcome::Created;
            }
        }
        Ok(applied)
    }
}

/// Answers with the successor of a version read before the write.
#[derive(Debug, Default)]
pub(crate) struct VersionReadBefore;

#[async_trait]
impl Sabotage for VersionReadBefore {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let mut before = BTreeMap::new();
        for owner in batch.owners() {
            before.insert(owner, store.version(owner).await?.version);
        }
        let_others_in().await;
        let mut applied = store.apply(batch, at).await?;
        for (effect, write) in applied.effects.iter_mut().zip(batch.writes()) {
            effect.version = effect.version.map(|_| before[&write.key.owner].next());
        }
        Ok(applied)
    }
}

/// Runs a transaction per owner.
#[derive(Debug, Default)]
pub(crate) struct OwnerByOwner;

#[async_trait]
impl Sabotage for OwnerByOwner {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        in_parts(store, batch.by_owner(), at).await
    }
}

/// Runs a transaction, and so raises the version, per row.
#[derive(Debug, Default)]
pub(crate) struct RowByRow;

#[async_trait]
impl Sabotage for RowByRow {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        in_parts(store, batch.writes().chunks(1), at).await
    }
}

/// Runs a transaction per thousand rows.
#[derive(Debug, Default)]
pub(crate) struct InChunks;

#[async_trait]
impl Sabotage for InChunks {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        in_parts(store, batch.writes().chunks(1_000), at).await
    }
}

/// Keeps a lock if the call is dropped.
#[derive(Debug, Default)]
pub(crate) struct LockKept(AtomicBool);

impl LockKept {
    async fn locked<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.0.swap(true, SeqCst) {
            return Err(StoreError::Unavailable { store: STORE, source: "locked".into() });
        }
        yield_now().await;
        let answer = call.await;
        self.0.store(false, SeqCst);
        answer
    }
}

#[async_trait]
impl Sabotage for LockKept {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        self.locked(store.apply(batch, at)).await
    }

    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.locked(store.get(keys)).await
    }
}

/// Does not retry after a conflict.
#[derive(Debug, Default)]
pub(crate) struct ConflictNotRetried(sync::Mutex<()>);

#[async_trait]
impl Sabotage for ConflictNotRetried {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let conflict = |error: sync::TryLockError| StoreError::Conflict { store: STORE, source: error.into() };
        let _locked = self.0.try_lock().map_err(conflict)?;
        let_others_in().await;
        store.apply(batch, at).await
    }
}

/// Reports a conflict after the commit.
#[derive(Debug, Default)]
pub(crate) struct ConflictAfterCommit(Fault);

#[async_trait]
impl Sabotage for ConflictAfterCommit {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let applied = store.apply(batch, at).await?;
        if self.0.strikes(batch).await {
            return Err(StoreError::Conflict { store: STORE, source: "the connection was cut".into() });
        }
        Ok(applied)
    }

    fn inject_fault(&self) {
        self.0.inject();
    }
}

/// Leaves half a batch if the connection is cut.
#[derive(Debug, Default)]
pub(crate) struct HalfInFault(Fault);

#[async_trait]
impl Sabotage for HalfInFault {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        if self.0.strikes(batch).await {
            in_parts(store, batch.by_owner().take(1), at).await?;
            return Err(StoreError::Unavailable { store: STORE, source: "the connection was cut".into() });
        }
        store.apply(batch, at).await
    }

    fn inject_fault(&self) {
        self.0.inject();
    }
}

/// A fault that hits one batch of several owners.
#[derive(Debug, Default)]
struct Fault(AtomicBool);

impl Fault {
    fn inject(&self) {
        self.0.store(true, SeqCst);
    }

    /// Whether the fault comes during the batch.
    async fn strikes(&self, batch: &WriteBatch) -> bool {
        const YIELDS: usize = 1_000;
        if batch.owners().count() < 2 || batch.len() < 4 {
            return false;
        }
        for _ in 0..YIELDS {
            if self.0.swap(false, SeqCst) {
                return true;
            }
            let_others_in().await;
        }
        false
    }
}

/// Raises the version for a no-op, too.
#[derive(Debug, Default)]
pub(crate) struct WriteForNoop(Mutex<BTreeMap<UserId, u64>>);

#[async_trait]
impl Sabotage for WriteForNoop {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let applied = store.apply(batch, at).await?;
        for (write, effect) in batch.writes().iter().zip(&applied.effects) {
            *self.0.lock().unwrap().entry(write.key.owner.clone()).or_default() += u64::from(effect.version.is_none());
        }
        Ok(applied)
    }

    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let OwnerVersion { log, version } = store.version(owner).await?;
        let more = self.0.lock().unwrap().get(owner).copied().unwrap_or_default();
        Ok(OwnerVersion { log, version: Version(version.0 + more) })
    }
}

/// Returns effects in the order of the rows in the database.
#[derive(Debug, Default)]
pub(crate) struct EffectsAsRowsCame;

#[async_trait]
impl Sabotage for EffectsAsRowsCame {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let mut applied = store.apply(batch, at).await?;
        applied.effects.reverse();
        Ok(applied)
    }
}

/// Sends a statement without rows, which the database rejects.
#[derive(Debug, Default)]
pub(crate) struct NothingIsAnError;

#[async_trait]
impl Sabotage for NothingIsAnError {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        if batch.is_empty() {
            return Err(StoreError::Other { store: STORE, source: "syntax error at or near VALUES".into() });
        }
        store.apply(batch, at).await
    }
}

/// Creates a missing conversation for an empty patch, too.
#[derive(Debug, Default)]
pub(crate) struct CreatedEvenIfEmpty;

#[async_trait]
impl Sabotage for CreatedEvenIfEmpty {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let always = changed(batch, |change| match change {
            Change::Set { patch, missing: Missing::Create(target) } => {
                Change::Set { patch, missing: Missing::CreateEvenIfEmpty(target) }
            }
            change => change,
        });
        store.apply(&always, at).await
    }
}

/// Marks a row as removed, and keeps its settings for the next creation.
#[derive(Debug, Default)]
pub(crate) struct SoftDelete(Mutex<BTreeMap<Key, Settings>>);

#[async_trait]
impl Sabotage for SoftDelete {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        for found in loaded(store, batch).await?.into_iter().flatten() {
            self.0.lock().unwrap().insert(found.key, found.settings);
        }
        let mut keys = batch.writes().iter().map(|write| &write.key);
        let found = changed(batch, |change| match (keys.next().and_then(|key| self.settings(key)), change) {
            (Some(settings), Change::Set { patch, missing }) if !patch.is_empty() => {
                Change::Set { patch: settings.get(Mask::ALL).then(patch), missing }
            }
            (_, change) => change,
        });
        store.apply(&found, at).await
    }
}

impl SoftDelete {
    fn settings(&self, key: &Key) -> Option<Settings> {
        self.0.lock().unwrap().get(key).cloned()
    }
}

/// Replaces the target with every write.
#[derive(Debug, Default)]
pub(crate) struct TargetOfLastWrite(Mutex<BTreeMap<Key, Target>>);

#[async_trait]
impl Sabotage for TargetOfLastWrite {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        for write in batch.writes() {
            if let Change::Set { missing: Missing::Create(target) | Missing::CreateEvenIfEmpty(target), .. } =
                &*write.change
            {
                self.0.lock().unwrap().insert(write.key.clone(), target.clone());
            }
        }
        store.apply(batch, at).await
    }

    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        let mut found = store.get(keys).await?;
        for found in found.iter_mut().flatten() {
            found.target = self.0.lock().unwrap()[&found.key].clone();
        }
        Ok(found)
    }
}

/// Sets a setting that owners share for all of them, whether or not it changes for one.
#[derive(Debug, Default)]
pub(crate) struct FollowsNothing;

#[async_trait]
impl Sabotage for FollowsNothing {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let alone = changed(batch, |change| match change {
            Change::Follow { patch, missing, .. } => Change::Set { patch, missing },
            change => change,
        });
        store.apply(&alone, at).await
    }
}

/// Names the first conversation of a rejected batch.
#[derive(Debug, Default)]
pub(crate) struct RejectionOfFirst;

#[async_trait]
impl Sabotage for RejectionOfFirst {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let first = || batch.writes()[0].key.clone();
        store.apply(batch, at).await.map_err(|error| match error {
            StoreError::Rejected(_) => StoreError::Rejected(Rejected::Missing(first())),
            error => error,
        })
    }
}

/// Shares a transaction among callers, so that a rejected call fails another one.
#[derive(Debug, Default)]
pub(crate) struct RejectedTogether(AtomicBool);

#[async_trait]
impl Sabotage for RejectedTogether {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        if self.0.swap(false, SeqCst) {
            return Err(StoreError::Other { store: STORE, source: "the transaction is aborted".into() });
        }
        let applied = store.apply(batch, at).await;
        self.0.store(applied.is_err(), SeqCst);
        applied
    }
}

/// Makes a round trip per owner.
#[derive(Debug, Default)]
pub(crate) struct QueryForEach(AtomicU64);

#[async_trait]
impl Sabotage for QueryForEach {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        self.0.fetch_add(batch.owners().count() as u64, SeqCst);
        store.apply(batch, at).await
    }

    fn round_trips(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

/// Acknowledges a batch before it is durable.
#[derive(Debug, Default)]
pub(crate) struct NotKept;

impl Sabotage for NotKept {
    fn reopened(&self, _: MemoryStore) -> MemoryStore {
        MemoryStore::new()
    }
}

/// Applies a batch whose callers have gone.
#[derive(Debug, Default)]
pub(crate) struct WrittenForNobody;

impl Sabotage for WrittenForNobody {
    fn ignores_callers(&self) -> bool {
        true
    }
}
