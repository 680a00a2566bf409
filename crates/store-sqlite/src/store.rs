//! The adapter.

#[cfg(test)]
mod faults;

use std::path::Path;

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, LogId, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, resolve,
};

use crate::{
    open::{self, OpenError, Opened},
    queries,
    readers::Readers,
    writer::Writer,
};

/// Keeps conversations in an SQLite database file.
///
/// Its methods have to be called within a Tokio runtime. Dropping it closes the file, once what has begun is finished.
#[derive(Debug)]
pub struct SqliteStore {
    log: LogId,
    // Dropped before the writer, whose connection then is the last one and leaves a single, whole file behind.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database file at `path`, making it and its folder if they are not there, and brings it to this
    /// version of the schema. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; a file that is not a database of ours is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let Opened { path, connection, log } = open::open(path.as_ref())?;
        let writer = Writer::start(connection).map_err(OpenError::unavailable(&path))?;
        Ok(Self { log, readers: Readers::new(path), writer })
    }
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        let batch = batch.clone();
        let applied = self.writer.run(move |connection| {
            let resolved = resolve(&batch, &queries::load(connection, &batch)?, at)?;
            queries::put(connection, &resolved)?;
            Ok(resolved.applied)
        });
        Ok(applied.await?)
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        if keys.len() == 1
            && let Some(found) = self.readers.run_here(|connection| queries::get(connection, keys).map(Some))
        {
            return Ok(found);
        }
        let keys = keys.to_vec();
        Ok(self.readers.run(move |connection| queries::get(connection, &keys)).await?)
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        let (owner, filter, page) = (owner.clone(), filter.clone(), page.clone());
        let paged = self.readers.run(move |connection| {
            let read = queries::list(connection, &owner, &filter, page.after.as_ref(), page.limit.saturating_add(1))?;
            Ok(Page::from_overfetch(read, page.limit, |last| last.key.conversation_id.clone()))
        });
        Ok(paged.await?)
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let (id, filter, page) = (conversation_id.clone(), filter.clone(), page.clone());
        let paged = self.readers.run(move |connection| {
            let read = queries::list_by_conversation(
                connection,
                &id,
                &filter,
                page.after.as_ref(),
                page.limit.saturating_add(1),
            )?;
            Ok(Page::from_overfetch(read, page.limit, |last| last.key.owner.clone()))
        });
        Ok(paged.await?)
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        if let Some((version, _)) = self.readers.run_here(|connection| queries::versions(connection, owner).map(Some)) {
            return Ok(OwnerVersion { log: self.log, version });
        }
        let owner = owner.clone();
        let (version, _) = self.readers.run(move |connection| queries::versions(connection, &owner)).await?;
        Ok(OwnerVersion { log: self.log, version })
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let settled = self.readers.run_here(|connection| {
            let (version, pruned) = queries::versions(connection, owner)?;
            Ok(match Changes::plan(since, OwnerVersion { log: self.log, version }, pruned) {
                SyncPlan::Settled(changes) => Some(changes),
                SyncPlan::ReadAfter(_) => None,
            })
        });
        if let Some(settled) = settled {
            return Ok(settled);
        }
        let (log, owner, since) = (self.log, owner.clone(), *since);
        let changes = self.readers.run(move |connection| {
            let (version, pruned) = queries::versions(connection, &owner)?;
            let current = OwnerVersion { log, version };
            match Changes::plan(&since, current, pruned) {
                SyncPlan::Settled(changes) => Ok(changes),
                SyncPlan::ReadAfter(after) => {
                    let records = queries::changed(connection, &owner, after, limit.saturating_add(1))?;
                    Ok(Changes::from_records(after, current, limit, records))
                }
            }
        });
        Ok(changes.await?)
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let owner = owner.clone();
        Ok(self.writer.run(move |connection| queries::prune(connection, &owner, through)).await?)
    }
}
