use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, LogId, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, Wanted,
    resolve,
};
use redb::{Database, ReadableDatabase};

use crate::{
    error::{Error, OpenError},
    tables::{self, OwnerRow, Snapshot, Tables},
};

/// A store in a redb database file. A clone is another handle on the same data.
#[derive(Clone, Debug)]
pub struct RedbStore {
    log: LogId,
    database: Arc<Database>,
}

impl RedbStore {
    /// Opens the database file at `path`, or creates it. Blocks until that is done.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        let log = tables::begin(&transaction, LogId::random())?;
        transaction.commit()?;
        Ok(Self { log, database: Arc::new(database) })
    }

    /// Runs `work` on a thread that may block. It runs to its end even if the caller drops the future.
    async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Database) -> Result<T, Error> + Send + 'static,
    {
        let database = self.database.clone();
        let done = tokio::task::spawn_blocking(move || work(&database)).await;
        Ok(done.map_err(Error::Stopped).flatten()?)
    }

    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
    {
        self.run(|database| work(&Snapshot(database.begin_read()?))).await
    }
}

#[async_trait]
impl ConversationStore for RedbStore {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        let (batch, wanted) = (batch.clone(), wanted.clone());
        self.run(move |database| {
            // One at a time: this is what serialises writers. Dropped without a commit, it leaves nothing.
            let transaction = database.begin_write()?;
            if !wanted.is_wanted() {
                return Err(Error::Unwanted);
            }
            let mut tables = Tables::open(&transaction)?;
            let loaded = tables.load(&batch)?;
            let resolved = resolve(&batch, &loaded, at).map_err(Error::Rejected)?;
            tables.store(&loaded, &resolved)?;
            drop(tables);
            if !resolved.is_noop() {
                transaction.commit()?;
            }
            Ok(resolved.applied)
        })
        .await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |snapshot| snapshot.get(&keys)).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        let (owner, filter, page) = (owner.clone(), filter.clone(), page.clone());
        self.read(move |snapshot| {
            let found = snapshot.list(&owner, &filter, &page)?;
            Ok(Page::from_overfetch(found, page.limit, |last| last.key.conversation_id.clone()))
        })
        .await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let (id, filter, page) = (conversation_id.clone(), filter.clone(), page.clone());
        self.read(move |snapshot| {
            let found = snapshot.list_by_conversation(&id, &filter, &page)?;
            Ok(Page::from_overfetch(found, page.limit, |last| last.key.owner.clone()))
        })
        .await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        let owner = owner.clone();
        self.read(move |snapshot| Ok(usize::try_from(snapshot.owner(&owner)?.conversations).unwrap_or(usize::MAX)))
            .await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let (log, owner) = (self.log, owner.clone());
        self.read(move |snapshot| Ok(OwnerVersion { log, version: snapshot.owner(&owner)?.version })).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let (log, owner, since) = (self.log, owner.clone(), *since);
        self.read(move |snapshot| {
            let OwnerRow { version, pruned, .. } = snapshot.owner(&owner)?;
            let current = OwnerVersion { log, version };
            match Changes::plan(&since, current, pruned) {
                SyncPlan::Settled(changes) => Ok(changes),
                SyncPlan::ReadAfter(after) => {
                    let records = snapshot.changed(&owner, after, limit.saturating_add(1))?;
                    Ok(Changes::from_records(after, current, limit, records))
                }
            }
        })
        .await
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let owner = owner.clone();
        self.run(move |database| {
            let transaction = database.begin_write()?;
            let Some(forgotten) = Tables::open(&transaction)?.prune(&owner, through)? else { return Ok(0) };
            transaction.commit()?;
            Ok(forgotten)
        })
        .await
    }
}
