//! The store.

#[cfg(test)]
mod faults;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, LogId, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, Wanted,
    WriteProfile,
};
use rusqlite::Connection;

use crate::{
    backup::backup,
    backup_error::BackupError,
    error::Error,
    files::Files,
    open::{self, Opened},
    open_error::OpenError,
    queries,
    readers::Readers,
    writer::{GROUP_COMMIT_WINDOW, Writer},
    writes,
};

/// Keeps conversations in an SQLite database file.
///
/// Call its methods within a Tokio runtime. Dropping the store finishes the calls that have begun and closes the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    log: LogId,
    pub(crate) files: Arc<Files>,
    // Dropped before the writer: its connection is then the last to close, which leaves a single, complete file.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database file at `path`, or creates it and its folder, and migrates it to this version. Blocks
    /// until that is done.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; a file of another program is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path.as_ref(), GROUP_COMMIT_WINDOW)
    }

    fn open_with(path: &Path, group_commit_window: Duration) -> Result<Self, OpenError> {
        let Opened { path, connection, log, files } = open::open(path)?;
        let files = Arc::new(files);
        let writer = Writer::start(connection, Arc::clone(&files), group_commit_window);
        let writer = writer.map_err(OpenError::from_io(&path))?;
        Ok(Self { log, readers: Readers::new(path.clone(), Arc::clone(&files)), writer, files, path })
    }

    /// Copies the database into the new file `to`, while calls go on. The copy has every write that was acknowledged before
    /// this call. See [`backup`].
    ///
    /// # Errors
    ///
    /// [`BackupError`]; then `to` is as it was.
    pub async fn backup_to(&self, to: impl AsRef<Path>) -> Result<(), BackupError> {
        let (from, to) = (self.path.clone(), to.as_ref().to_owned());
        // A file that has replaced the database is another one.
        self.files.check().map_err(|gone| OpenError::Unavailable { path: from.clone(), source: gone.into() })?;
        let copying = tokio::task::spawn_blocking(move || backup(&from, &to, |_| ()));
        copying.await.map_err(|error| BackupError::Io { path: self.path.clone(), source: error.into() })?
    }
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        let batch = batch.clone();
        let applied =
            self.writer.run(batch.len(), wanted.clone(), move |connection| writes::apply(connection, &batch, at));
        Ok(applied.await?)
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        if keys.len() == 1
            && let Some(found) = self.readers.try_inline(|connection| queries::get(connection, keys).map(Some))
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
        let page = self.readers.run(move |connection| {
            let read = queries::list(connection, &owner, &filter, page.after.as_ref(), page.limit.saturating_add(1))?;
            Ok(Page::from_overfetch(read, page.limit, |last| last.key.conversation_id.clone()))
        });
        Ok(page.await?)
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let (id, filter, page) = (conversation_id.clone(), filter.clone(), page.clone());
        let page = self.readers.run(move |connection| {
            let read = queries::list_by_conversation(
                connection,
                &id,
                &filter,
                page.after.as_ref(),
                page.limit.saturating_add(1),
            )?;
            Ok(Page::from_overfetch(read, page.limit, |last| last.key.owner.clone()))
        });
        Ok(page.await?)
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        if let Some(count) = self.readers.try_inline(|connection| queries::kept_count(connection, owner)) {
            return Ok(count);
        }
        let owner = owner.clone();
        Ok(self.readers.run(move |connection| queries::count(connection, &owner)).await?)
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        if let Some((version, _)) = self.readers.try_inline(|connection| queries::versions(connection, owner).map(Some))
        {
            return Ok(OwnerVersion { log: self.log, version });
        }
        let owner = owner.clone();
        let (version, _) = self.readers.run(move |connection| queries::versions(connection, &owner)).await?;
        Ok(OwnerVersion { log: self.log, version })
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let settled = self.readers.try_inline(|connection| {
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

    fn write_profile(&self) -> WriteProfile {
        // Calls that wait share a commit in the store itself.
        WriteProfile::separate(usize::MAX)
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let owner = owner.clone();
        let prune = move |connection: &Connection| writes::prune(connection, &owner, through);
        Ok(self.writer.run(1, Wanted::ALWAYS, prune).await?)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.files.check().map_err(Error::from)?;
        if self.writer.is_unwritable() {
            self.writer.probe().await?;
        }
        Ok(self.readers.run(queries::log).await.map(drop)?)
    }
}
