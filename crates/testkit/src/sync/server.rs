//! What clients sync with.

use std::{fmt, sync::Arc};

use conversation_settings_core::{Change, Conversation, ConversationId, Key, UserId, Version};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, StoreError};
use proptest::{collection::vec, prelude::*};

use crate::{
    fixtures::{AT, batch, change},
    history::{
        World,
        world::{IDS, OWNERS, harmless},
    },
};

/// The most attempts at a write that fails with a retryable error.
const ATTEMPTS: usize = 20;

/// What [clients](super::Client) sync with: a store, or a server on one.
///
/// An error is a text for people: any error fails the check.
pub trait Server: Clone + Send + Sync + 'static {
    /// A write. It names owners and conversations by their numbers in a [`World`], so that it can be repeated in another.
    type Write: Clone + fmt::Debug + Send + Sync + 'static;

    /// Draws writes.
    fn writes() -> BoxedStrategy<Self::Write>;

    /// Makes a write, and repeats it after retryable errors.
    fn write(&self, world: &World, write: &Self::Write) -> impl Future<Output = Result<(), String>> + Send;

    /// Forgets the owner's tombstones, as [`ConversationStore::prune`].
    fn prune(&self, owner: &UserId, through: Version) -> impl Future<Output = Result<(), String>> + Send;

    /// The IDs of all of the owner's conversations, and the version at which they are complete.
    fn snapshot(
        &self,
        owner: &UserId,
    ) -> impl Future<Output = Result<(OwnerVersion, Vec<ConversationId>), String>> + Send;

    /// Those of the owner's conversations `ids` that exist.
    fn get(
        &self,
        owner: &UserId,
        ids: &[ConversationId],
    ) -> impl Future<Output = Result<Vec<Conversation>, String>> + Send;

    /// All of the owner's conversations, in the byte order of their IDs.
    fn list(&self, owner: &UserId) -> impl Future<Output = Result<Vec<Conversation>, String>> + Send;

    /// The changes since a version.
    fn changes(&self, owner: &UserId, since: &OwnerVersion) -> impl Future<Output = Result<Changes, String>> + Send;
}

/// A store that clients sync with directly.
#[derive(Clone, Debug)]
pub(super) struct StoreServer {
    pub(super) store: Arc<dyn ConversationStore>,
    /// The most changes of an increment.
    pub(super) max_changes: usize,
}

/// One write: the numbers of its owner and its conversation, and the change. A later write of the same key replaces it.
type NumberedWrite = (usize, usize, Change);

#[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
fn text(error: StoreError) -> String {
    format!("{error:?}")
}

impl Server for StoreServer {
    type Write = Vec<NumberedWrite>;

    fn writes() -> BoxedStrategy<Self::Write> {
        vec((0..OWNERS.len(), 0..IDS.len(), harmless()), 1..6).boxed()
    }

    async fn write(&self, world: &World, write: &Self::Write) -> Result<(), String> {
        let mut writes = std::collections::BTreeMap::new();
        for (owner, id, change) in write {
            let key = Key::new(world.owners()[*owner].clone(), world.conversation_ids()[*id].clone());
            writes.insert(key, change.clone());
        }
        let batch = batch(writes.into_iter().map(|(key, to)| change(key, to)));
        let mut attempt = 1;
        loop {
            match self.store.apply(&batch, AT).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => attempt += 1,
                result => return result.map(drop).map_err(text),
            }
        }
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<(), String> {
        self.store.prune(owner, through).await.map(drop).map_err(text)
    }

    async fn snapshot(&self, owner: &UserId) -> Result<(OwnerVersion, Vec<ConversationId>), String> {
        // The changes since the beginning are all that there is, at one moment.
        match self.store.changes(owner, &OwnerVersion::default(), usize::MAX).await.map_err(text)? {
            Changes::Increment { version, inserted, updated, removed } if updated.is_empty() && removed.is_empty() => {
                Ok((version, inserted.into_iter().map(|found| found.key.conversation_id).collect()))
            }
            changes => Err(format!("a client without a copy must get everything as new: {changes:?}")),
        }
    }

    async fn get(&self, owner: &UserId, ids: &[ConversationId]) -> Result<Vec<Conversation>, String> {
        let keys: Vec<_> = ids.iter().map(|id| Key::new(owner.clone(), id.clone())).collect();
        Ok(self.store.get(&keys).await.map_err(text)?.into_iter().flatten().collect())
    }

    async fn list(&self, owner: &UserId) -> Result<Vec<Conversation>, String> {
        self.store.list_all(owner, &Filter::ALL).await.map_err(text)
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion) -> Result<Changes, String> {
        self.store.changes(owner, since, self.max_changes).await.map_err(text)
    }
}
