//! What proves that clients end right has to find stores with which they do not.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError,
};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::sync;
use futures_util::FutureExt;

/// How a store tells of changes that are not what happened.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// What is new is told as changed.
    InsertedAsUpdated,
    /// What has changed is told as new.
    UpdatedAsInserted,
    /// One that went is not told.
    RemovedForgotten,
    /// One that has changed is not told.
    UpdateMissed,
    /// Each client has to begin anew.
    AlwaysFull,
    /// The version is one of a later moment than the changes.
    VersionOfLater,
}

#[derive(Debug)]
struct Liar(MemoryStore, Lie);

#[async_trait]
impl ConversationStore for Liar {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.0.apply(batch, at).await
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
        // The service reads all changes since the beginning where it wants all there is.
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

/// What is said of a liar; nothing where it is believed.
async fn found(proving: impl Future<Output = ()>) -> String {
    match AssertUnwindSafe(proving).catch_unwind().await {
        Ok(()) => String::new(),
        Err(panicked) => *panicked.downcast().unwrap(),
    }
}

#[tokio::test]
async fn stores_that_tell_changes_wrongly_are_found_by_what_is_wrong() {
    for (lie, told) in [
        (Lie::InsertedAsUpdated, "has changed, and does not have it"),
        (Lie::UpdatedAsInserted, "is new, and has it"),
        (Lie::RemovedForgotten, " holds ["),
        (Lie::UpdateMissed, " holds ["),
        (Lie::AlwaysFull, "an increment would have done"),
    ] {
        let store = Arc::new(Liar(MemoryStore::new(), lie));
        let found = found(sync::clients_hold_what_the_server_holds(store, 512)).await;
        assert!(found.contains(told), "{lie:?}: {found:?}");
        let is_step = |line: &&str| ["Write", "Sync", "Forget", "Prune"].iter().any(|step| line[4..].starts_with(step));
        let steps = found.lines().filter(|line| line.len() > 4 && line.is_char_boundary(4)).filter(is_step).count();
        assert!((1..=5).contains(&steps), "the shortest history is short: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_right_only_while_nobody_writes_is_found() {
    let liar = || Arc::new(Liar(MemoryStore::new(), Lie::VersionOfLater));
    assert_eq!(found(sync::clients_hold_what_the_server_holds(liar(), 64)).await, "", "nobody writes");
    let found = found(sync::clients_that_sync_while_others_write_converge(liar(), 1_000)).await;
    assert!(["at the end", "told that"].iter().any(|told| found.contains(told)), "{found:?}");
}
