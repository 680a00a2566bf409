//! A store that waits for the test, and writes down what reaches it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{
    Change, Conversation, ConversationId, GroupId, Key, Missing, Patch, Seq, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted, WriteProfile,
};
use conversation_settings_store_memory::MemoryStore;
use tokio::sync::Semaphore;

/// Each batch needs a permit. A batch with the owner `down`, `conflict` or `panic` fails in that way.
#[derive(Clone, Debug)]
pub(crate) struct GateStore {
    memory: MemoryStore,
    gate: Arc<Semaphore>,
    seen: Arc<Mutex<Seen>>,
    profile: WriteProfile,
}

#[derive(Debug, Default)]
struct Seen {
    running: BTreeSet<UserId>,
    batches: Vec<Vec<String>>,
}

impl GateStore {
    /// A store that lets `permits` batches pass.
    pub(crate) fn new(permits: usize) -> Self {
        Self {
            memory: MemoryStore::new(),
            gate: Arc::new(Semaphore::new(permits)),
            seen: Arc::default(),
            profile: WriteProfile::merging(1),
        }
    }

    /// Another handle on the same data, which does not know what runs through this one.
    pub(crate) fn another_handle(&self) -> Self {
        Self { seen: Arc::default(), ..self.clone() }
    }

    /// The same store with another profile.
    pub(crate) fn with_profile(self, profile: WriteProfile) -> Self {
        Self { profile, ..self }
    }

    /// Lets `batches` more pass.
    pub(crate) fn open(&self, batches: usize) {
        self.gate.add_permits(batches);
    }

    /// The owners of each batch that started so far.
    pub(crate) fn batches(&self) -> Vec<Vec<String>> {
        self.seen.lock().unwrap().batches.clone()
    }

    /// Waits until `count` batches have started.
    pub(crate) async fn started(&self, count: usize) {
        let waiting = async {
            while self.batches().len() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("the batches start");
    }
}

/// An owner's batch ends when this is dropped.
struct Running<'a>(&'a GateStore, Vec<UserId>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut seen = self.0.seen.lock().unwrap();
        for owner in &self.1 {
            seen.running.remove(owner);
        }
    }
}

#[async_trait]
impl ConversationStore for GateStore {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        if !wanted.is_wanted() {
            return Err(StoreError::unwanted("gate"));
        }
        // The batch has begun: it runs to its end, behind the gate too.
        let owners: Vec<UserId> = batch.owners().cloned().collect();
        let free: Vec<bool> = {
            let mut seen = self.seen.lock().unwrap();
            seen.batches.push(owners.iter().map(ToString::to_string).collect());
            owners.iter().map(|owner| seen.running.insert(owner.clone())).collect()
        };
        assert!(free.iter().all(|is_free| *is_free), "two batches of one owner run at once: {owners:?}");
        let _running = Running(self, owners.clone());
        tokio::task::yield_now().await;
        self.gate.acquire().await.expect("the gate is never closed").forget();
        let store = "gate";
        for owner in &owners {
            match owner.as_str() {
                "down" => return Err(StoreError::Unavailable { store, source: "the line is down".into() }),
                "conflict" if owners.len() > 1 => {
                    return Err(StoreError::Conflict { store, source: "in the way".into() });
                }
                "panic" => panic!("a defect of the store"),
                _ => (),
            }
        }
        self.memory.apply(batch, at).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.memory.get(keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.memory.list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.memory.list_by_conversation(conversation_id, filter, page).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.memory.version(owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.memory.changes(owner, since, limit).await
    }

    fn write_profile(&self) -> WriteProfile {
        self.profile
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.memory.prune(owner, through).await
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn key(owner: &str) -> Key {
    Key::new(user(owner), ConversationId::new("sg_team").unwrap())
}

/// Sets `min_seq` for each owner.
pub(crate) fn set(owners: &[&str], min_seq: i64) -> WriteBatch {
    write(owners, min_seq, Missing::Create(Target::Group(GroupId::new("team").unwrap())))
}

/// The same, rejected for an owner without the conversation.
pub(crate) fn set_existing(owners: &[&str], min_seq: i64) -> WriteBatch {
    write(owners, min_seq, Missing::Reject)
}

fn write(owners: &[&str], min_seq: i64, missing: Missing) -> WriteBatch {
    let patch = Patch::KEEP.min_seq(Seq::try_from(min_seq).unwrap());
    let change = Arc::new(Change::Set { patch, missing });
    let writes = owners.iter().map(|owner| Write { key: key(owner), change: Arc::clone(&change) });
    WriteBatch::new(writes.collect()).unwrap()
}
