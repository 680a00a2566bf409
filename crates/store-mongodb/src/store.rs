//! The adapter.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, resolve,
};
use mongodb::ClientSession;
use tokio::time::Instant;

use crate::{
    error::Error,
    load::{self, Logs},
    open::{self, OpenError},
    queries::{self, Collections},
    retry::Queue,
    rows,
    transaction::{Clock, begin, commit, snapshot},
    writes::Writes,
};

/// Keeps conversations in a MongoDB replica set or sharded cluster, in OpenIM's own collections.
///
/// Its methods have to be called within a Tokio runtime. Clones share their connections.
#[derive(Clone, Debug)]
pub struct MongoStore {
    collections: Collections,
    queue: Arc<Queue>,
    clock: Arc<Clock>,
    /// Whether the last call changed nothing, and so the next may not either: those who set the same again do so in a row.
    is_quiet: Arc<AtomicBool>,
    log_entries: usize,
}

impl MongoStore {
    /// How many entries an owner's version log may have, unless [`with_log_entries`](Self::with_log_entries) says
    /// otherwise: as many changes as OpenIM's server tells a client at once.
    pub const LOG_ENTRIES: usize = 200;

    /// Connects to the database that `address` names, `openim_v3` where it names none, and makes the indexes that are
    /// missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; nothing but missing indexes was made then.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        let collections = open::open(address).await?;
        Ok(Self {
            collections,
            queue: Arc::default(),
            clock: Arc::default(),
            is_quiet: Arc::default(),
            log_entries: Self::LOG_ENTRIES,
        })
    }

    /// Lets an owner's version log grow to `entries` before it is cut to half as many. A client that missed more
    /// changes than are left is told to sync in full.
    #[must_use]
    pub const fn with_log_entries(mut self, entries: usize) -> Self {
        self.log_entries = entries;
        self
    }

    /// One attempt to apply a batch.
    async fn try_apply(&self, batch: &WriteBatch, at: Timestamp, until: Instant) -> Result<Applied, Error> {
        if self.is_quiet.load(Ordering::Relaxed)
            && let Some(applied) = self.silence(batch, at).await
        {
            return Ok(applied);
        }
        let mut session = begin(self.collections.database.client()).await?;
        self.apply_in(&mut session, batch, at, until).await
    }

    /// What to answer where a batch changes nothing, told by a look, which costs one find and no commit. `None` where it
    /// changes something, or where the look may have been at what was before. What else is wrong, the transaction meets
    /// too, and is right about.
    async fn silence(&self, batch: &WriteBatch, at: Timestamp) -> Option<Applied> {
        let mut session = self.snapshot().await.ok()?;
        let held = self.in_time(load::conversations(&self.collections, &mut session, batch)).await.ok()?;
        let resolved = resolve(batch, &held, at).ok()?;
        (resolved.is_noop() && self.clock.is_latest(&session)).then_some(resolved.applied)
    }

    async fn apply_in(
        &self,
        session: &mut ClientSession,
        batch: &WriteBatch,
        at: Timestamp,
        until: Instant,
    ) -> Result<Applied, Error> {
        let mut held = self.in_time(load::conversations(&self.collections, session, batch)).await?;
        let mut resolved = resolve(batch, &held, at)?;
        if !resolved.is_noop() {
            let logs = self.in_time(Logs::load(&self.collections, session, batch, self.log_entries)).await?;
            logs.complete(batch, &mut held);
            resolved = resolve(batch, &held, at)?;
            Writes::of(batch, &logs, &resolved, at, self.log_entries)?.run(&self.collections, session).await?;
        }
        // Silence too is answered only when what it rests on is there to stay: where nothing is on its way to the other
        // members, the server has nothing to wait for.
        self.clock.note(commit(&self.collections.primary, session, until).await?);
        self.is_quiet.store(resolved.is_noop(), Ordering::Relaxed);
        Ok(resolved.applied)
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.collections.primary.in_time(work).await
    }

    /// A session for a read.
    async fn snapshot(&self) -> Result<ClientSession, Error> {
        snapshot(self.collections.database.client()).await
    }

    /// A read, tried again while the servers elect a primary.
    async fn read<T, Read>(&self, read: impl Fn() -> Read) -> Result<T, StoreError>
    where
        Read: Future<Output = Result<T, Error>>,
    {
        self.queue.run(|_| self.in_time(read())).await
    }

    async fn page(
        &self,
        of: (&str, &str),
        after: (&str, &str),
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Conversation>, StoreError> {
        self.read(|| async {
            let mut session = self.snapshot().await?;
            let most = limit.saturating_add(1);
            let found = queries::page(&self.collections, &mut session, of, after, filter, most).await?;
            self.clock.check(&session)?;
            Ok(found)
        })
        .await
    }
}

#[async_trait]
impl ConversationStore for MongoStore {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        // In a task of its own, so that it comes to its end even if the caller gives it up: a transaction that is left
        // open half way keeps its owners from everybody for a minute.
        let (store, batch) = (self.clone(), batch.clone());
        let applied = tokio::spawn(async move { store.queue.run(|until| store.try_apply(&batch, at, until)).await });
        applied.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.read(|| async {
            let mut session = self.snapshot().await?;
            let found = queries::get(&self.collections, &mut session, keys).await?;
            self.clock.check(&session)?;
            Ok(found)
        });
        let found = found.await?;
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        let of_owner = (rows::OWNER, owner.as_str());
        let after = (rows::CONVERSATION, page.after.as_ref().map_or("", ConversationId::as_str));
        let read = self.page(of_owner, after, filter, page.limit).await?;
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.conversation_id.clone()))
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let of_conversation = (rows::CONVERSATION, conversation_id.as_str());
        let after = (rows::OWNER, page.after.as_ref().map_or("", UserId::as_str));
        let read = self.page(of_conversation, after, filter, page.limit).await?;
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.owner.clone()))
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.read(|| async {
            let mut session = self.snapshot().await?;
            // No change comes after the last version, so none is asked for.
            let told = queries::told(&self.collections, &mut session, owner, Version(u64::MAX)).await?;
            self.clock.check(&session)?;
            Ok(told.current)
        })
        .await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.read(|| async {
            let mut session = self.snapshot().await?;
            let told = queries::told(&self.collections, &mut session, owner, since.version).await?;
            self.clock.check(&session)?;
            let current = told.current;
            match Changes::plan(since, current, told.deleted) {
                SyncPlan::Settled(changes) => Ok(changes),
                SyncPlan::ReadAfter(after) => {
                    let records = queries::changed(&self.collections, &mut session, owner, after, told, limit).await?;
                    Ok(Changes::from_records(after, current, limit, records))
                }
            }
        })
        .await
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let prune = || async {
            let mut session = self.collections.database.client().start_session().await?;
            let forgotten = queries::prune(&self.collections, &mut session, owner, through).await?;
            self.clock.note(session.operation_time());
            Ok(forgotten)
        };
        self.queue.run(|_| self.in_time(prune())).await
    }
}
