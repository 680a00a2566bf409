//! The sync checks are proved: they reject stores with wrong changes, and say what is wrong.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted,
};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::sync;
use futures_util::FutureExt;

/// How the changes of a store are wrong.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// Reports new conversations as changed.
    InsertedAsUpdated,
    /// Reports changed conversations as new.
    UpdatedAsInserted,
    /// Omits a removed conversation.
    RemovedForgotten,
    /// Omits a changed conversation.
    UpdateMissed,
    /// Never answers with an increment.
    AlwaysFull,
    /// Answers with the version of a later moment than that of the changes.
    VersionOfLater,
}

#[derive(Debug)]
struct Liar(MemoryStore, Lie);

#[async_trait]
impl ConversationStore for Liar {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        self.0.apply_while_wanted(batch, at, wanted).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.0.get(keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.0.list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.0.list_by_conversation(conversation_id, filter, page).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.0.version(owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let mut changes = self.0.changes(owner, since, limit).await?;
        // Clients read all changes since the beginning for a full sync.
        let is_increment = since.version != Version::ZERO;
        if let Changes::Increment { version, inserted, updated, removed } = &mut changes
            && is_increment
        {
            match self.1 {
                Lie::InsertedAsUpdated => updated.append(inserted),
                Lie::UpdatedAsInserted => inserted.append(updated),
                Lie::RemovedForgotten => drop(removed.pop()),
                Lie::UpdateMissed => drop(updated.pop()),
                Lie::AlwaysFull => return Ok(Changes::Full(*version)),
                Lie::VersionOfLater => {
                    tokio::task::yield_now().await;
                    *version = self.0.version(owner).await?;
                }
            }
        }
        Ok(changes)
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.0.prune(owner, through).await
    }
}

/// The message with which the check fails; empty if it passes.
async fn found(proving: impl Future<Output = ()>) -> String {
    match AssertUnwindSafe(proving).catch_unwind().await {
        Ok(()) => String::new(),
        Err(panicked) => *panicked.downcast().unwrap(),
    }
}

#[tokio::test]
async fn rejects_wrong_changes_with_the_reason() {
    for (lie, reason) in [
        (Lie::InsertedAsUpdated, "is reported as changed, but the client"),
        (Lie::UpdatedAsInserted, "is reported as new, but the client"),
        (Lie::RemovedForgotten, ": the client has ["),
        (Lie::UpdateMissed, ": the client has ["),
        (Lie::AlwaysFull, "although an increment is possible"),
    ] {
        let store = Arc::new(Liar(MemoryStore::new(), lie));
        let found = found(sync::clients_match_the_store(store, 512)).await;
        assert!(found.contains(reason), "{lie:?}: {found:?}");
        let is_step = |line: &&str| ["Write", "Sync", "Forget", "Prune"].iter().any(|step| line[4..].starts_with(step));
        let steps = found.lines().filter(|line| line.len() > 4 && line.is_char_boundary(4)).filter(is_step).count();
        assert!((1..=5).contains(&steps), "the shortest history is short: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rejects_a_store_that_is_wrong_only_during_writes() {
    let liar = || Arc::new(Liar(MemoryStore::new(), Lie::VersionOfLater));
    assert_eq!(found(sync::clients_match_the_store(liar(), 64)).await, "", "right without concurrent writes");
    let found = found(sync::clients_converge_during_writes(liar(), 1_000)).await;
    assert!(["at the end", "is reported as"].iter().any(|reason| found.contains(reason)), "{found:?}");
}
