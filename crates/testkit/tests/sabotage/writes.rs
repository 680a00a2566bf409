//! Writes that are not as resolved, not whole, or not one after the other.

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

/// The batch with other changes.
pub(crate) fn changed(batch: &WriteBatch, mut change: impl FnMut(Change) -> Change) -> WriteBatch {
    let changed = |write: &Write| Write { key: write.key.clone(), change: change((*write.change).clone()).into() };
    WriteBatch::new(batch.writes().iter().map(changed).collect()).unwrap()
}

async fn held(store: &MemoryStore, batch: &WriteBatch) -> Result<Vec<Option<Conversation>>, StoreError> {
    store.get(&batch.writes().iter().map(|write| write.key.clone()).collect::<Vec<_>>()).await
}

/// Lets others in between, as a database far away does.
async fn others_turn() {
    sleep(Duration::from_millis(1)).await;
}

/// Part by part, up to the first that fails.
async fn in_parts<'a>(store: &MemoryStore, parts: impl Iterator<Item = &'a [Write]> + Send, at: Timestamp) -> Answer {
    let mut effects = Vec::new();
    for part in parts.map(|part| WriteBatch::new(part.to_vec()).unwrap()).collect::<Vec<_>>() {
        effects.extend(store.apply(&part, at).await?.effects);
        yield_now().await;
    }
    Ok(Applied { effects })
}

/// Reads a conversation, sets what is to be set, and writes all of it.
#[derive(Debug, Default)]
pub(crate) struct LastWriterWins;

#[async_trait]
impl Sabotage for LastWriterWins {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let mut held = held(store, batch).await?.into_iter();
        others_turn().await;
        let whole = changed(batch, |change| match (held.next().flatten(), change) {
            (Some(held), Change::Set { patch, missing }) if !patch.is_empty() => {
                Change::Set { patch: held.settings.get(Mask::ALL).then(patch), missing }
            }
            (_, change) => change,
        });
        store.apply(&whole, at).await
    }
}

/// Replaces a conversation by one of the defaults and the patch.
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

/// Looks whether a conversation is there, and answers that it was created although another was first.
#[derive(Debug, Default)]
pub(crate) struct InsertOrIgnore;

#[async_trait]
impl Sabotage for InsertOrIgnore {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let held = held(store, batch).await?;
        others_turn().await;
        let mut applied = store.apply(batch, at).await?;
        for (effect, held) in applied.effects.iter_mut().zip(held) {
            if held.is_none() && effect.outcome == Outcome::Unchanged {
                effect.outcome = Outcome::Created;
            }
        }
        Ok(applied)
    }
}

/// Answers with the version after the one that it has read before.
#[derive(Debug, Default)]
pub(crate) struct VersionReadBefore;

#[async_trait]
impl Sabotage for VersionReadBefore {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let mut before = BTreeMap::new();
        for owner in batch.owners() {
            before.insert(owner, store.version(owner).await?.version);
        }
        others_turn().await;
        let mut applied = store.apply(batch, at).await?;
        for (effect, write) in applied.effects.iter_mut().zip(batch.writes()) {
            effect.version = effect.version.map(|_| before[&write.key.owner].next());
        }
        Ok(applied)
    }
}

/// A transaction for each owner.
#[derive(Debug, Default)]
pub(crate) struct OwnerByOwner;

#[async_trait]
impl Sabotage for OwnerByOwner {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        in_parts(store, batch.by_owner(), at).await
    }
}

/// A transaction, and so a version, for each row.
#[derive(Debug, Default)]
pub(crate) struct RowByRow;

#[async_trait]
impl Sabotage for RowByRow {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        in_parts(store, batch.writes().chunks(1), at).await
    }
}

/// A transaction for each thousand rows.
#[derive(Debug, Default)]
pub(crate) struct InChunks;

#[async_trait]
impl Sabotage for InChunks {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        in_parts(store, batch.writes().chunks(1_000), at).await
    }
}

/// Keeps a lock that nobody gives back where the caller gives up.
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

/// Does not try again when another writer is in the way.
#[derive(Debug, Default)]
pub(crate) struct ConflictNotRetried(sync::Mutex<()>);

#[async_trait]
impl Sabotage for ConflictNotRetried {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let conflict = |error: sync::TryLockError| StoreError::Conflict { store: STORE, source: error.into() };
        let _locked = self.0.try_lock().map_err(conflict)?;
        others_turn().await;
        store.apply(batch, at).await
    }
}

/// Says that others were in the way, when it has stored the batch.
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

/// Leaves the half of a batch where the connection is cut.
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

/// A fault that strikes one batch of several owners.
#[derive(Debug, Default)]
struct Fault(AtomicBool);

impl Fault {
    fn inject(&self) {
        self.0.store(true, SeqCst);
    }

    /// Whether the fault comes while the batch is under way.
    async fn strikes(&self, batch: &WriteBatch) -> bool {
        const TURNS: usize = 1_000;
        if batch.owners().count() < 2 || batch.len() < 4 {
            return false;
        }
        for _ in 0..TURNS {
            if self.0.swap(false, SeqCst) {
                return true;
            }
            others_turn().await;
        }
        false
    }
}

/// Raises the version whatever happens.
#[derive(Debug, Default)]
pub(crate) struct WriteForSilence(Mutex<BTreeMap<UserId, u64>>);

#[async_trait]
impl Sabotage for WriteForSilence {
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

/// Answers in the order in which the database gave it the rows.
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

/// Sends a statement without rows, which the database refuses.
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

/// Inserts what is missing, whether or not there is anything to set.
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

/// Marks a row as removed, and finds it again as it was.
#[derive(Debug, Default)]
pub(crate) struct SoftDelete(Mutex<BTreeMap<Key, Settings>>);

#[async_trait]
impl Sabotage for SoftDelete {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        for held in held(store, batch).await?.into_iter().flatten() {
            self.0.lock().unwrap().insert(held.key, held.settings);
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

/// Writes the target with every write.
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

/// Says that the batch was rejected for its first conversation.
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

/// Shares a transaction among callers, so that one who is rejected takes another along.
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

/// Asks the database once for each owner.
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

/// Answers before anything is on the disk.
#[derive(Debug, Default)]
pub(crate) struct NotKept;

impl Sabotage for NotKept {
    fn reopened(&self, _: MemoryStore) -> MemoryStore {
        MemoryStore::new()
    }
}
