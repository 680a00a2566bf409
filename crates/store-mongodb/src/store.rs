//! [`MongoStore`], the adapter.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, Wanted,
    WriteProfile, decide_batch,
};
use conversation_settings_tls::Authorities;
use mongodb::{Client, ClientSession};
use tokio::time::Instant;

use crate::{
    collections::Collections,
    error::Error,
    load::{self, Logs},
    open,
    open_error::OpenError,
    queries,
    retry::RetryQueue,
    rights, rows,
    transaction::{LastCommit, begin, commit, snapshot},
    writes::Writes,
};

/// A store in a MongoDB replica set or sharded cluster, on OpenIM's own collections.
///
/// Call its methods within a Tokio runtime. Clones share their connections.
#[derive(Clone, Debug)]
pub struct MongoStore {
    pub(crate) collections: Collections,
    profile: WriteProfile,
    retries: Arc<RetryQueue>,
    pub(crate) last_commit: Arc<LastCommit>,
    /// A hint: after a no-op, the next batch tries the fast path first, since no-ops come in series.
    expect_noop: Arc<AtomicBool>,
    log_entries: usize,
}

impl MongoStore {
    /// The default of [`with_log_entries`](Self::with_log_entries): as many changes as OpenIM's server sends in one
    /// response.
    pub const LOG_ENTRIES: usize = 200;

    /// Connects to the database in `address`, or to `openim_v3` if the address names none, and makes missing indexes.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Missing indexes may have been made; nothing else is written.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        Self::open_trusting(address, &Authorities::default()).await
    }

    /// As [`open`](Self::open), with authorities beyond the system's for TLS. If the address has `tlsCAFile`, that file counts
    /// alone.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_trusting(address: &str, authorities: &Authorities) -> Result<Self, OpenError> {
        Ok(Self::on(open::open(address, authorities).await?))
    }

    /// Uses the host's client, for the database `name`, and makes missing indexes.
    ///
    /// The client keeps its options. A store that [opens](Self::open) an address itself also notices a new primary while it
    /// waits for the old one; on a host's client such a call fails after ten seconds.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Missing indexes may have been made; nothing else is written.
    pub async fn with_client(client: Client, name: &str) -> Result<Self, OpenError> {
        Ok(Self::on(open::open_with(&client, name).await?))
    }

    fn on((collections, profile): (Collections, WriteProfile)) -> Self {
        Self {
            collections,
            profile,
            retries: Arc::default(),
            last_commit: Arc::default(),
            expect_noop: Arc::default(),
            log_entries: Self::LOG_ENTRIES,
        }
    }

    /// Sets how many entries an owner's version log may have. A longer log is cut to half as many. A client that missed
    /// more changes than the log has must sync in full.
    #[must_use]
    pub const fn with_log_entries(mut self, entries: usize) -> Self {
        self.log_entries = entries;
        self
    }

    /// One attempt to apply a batch.
    async fn try_apply(&self, batch: &WriteBatch, at: Timestamp, deadline: Instant) -> Result<Applied, Error> {
        if self.expect_noop.load(Ordering::Relaxed)
            && let Some(applied) = self.noop_fast_path(batch, at).await
        {
            return Ok(applied);
        }
        let mut session = begin(self.collections.database.client()).await?;
        self.apply_and_commit(&mut session, batch, at, deadline).await
    }

    /// Applies a no-op with one find and no commit. `None` if the batch changes something, if the read may be stale, or
    /// after an error, which the transaction will meet and judge.
    async fn noop_fast_path(&self, batch: &WriteBatch, at: Timestamp) -> Option<Applied> {
        let mut session = self.snapshot().await.ok()?;
        let load = load::conversations(&self.collections, &mut session, batch);
        let conversations = self.run_step(load).await.ok()?;
        let applied = decide_batch(batch, conversations.iter().map(Option::as_ref), at).ok()?.noop()?;
        self.last_commit.is_latest(&session).then_some(applied)
    }

    async fn apply_and_commit(
        &self,
        session: &mut ClientSession,
        batch: &WriteBatch,
        at: Timestamp,
        deadline: Instant,
    ) -> Result<Applied, Error> {
        let (applied, is_noop) = self.write_in(session, batch, at).await?;
        // A no-op commits too, so that it returns only when the data that it read is durable. The server waits for other
        // members only if that data is still on its way to them.
        self.last_commit.record(commit(&self.collections.primary, session, deadline).await?);
        self.expect_noop.store(is_noop, Ordering::Relaxed);
        Ok(applied)
    }

    /// Writes a batch within the transaction of `session`. Returns whether it is a no-op, too.
    pub(crate) async fn write_in(
        &self,
        session: &mut ClientSession,
        batch: &WriteBatch,
        at: Timestamp,
    ) -> Result<(Applied, bool), Error> {
        let conversations = self.run_step(load::conversations(&self.collections, session, batch)).await?;
        let decided = decide_batch(batch, conversations.iter().map(Option::as_ref), at)?;
        if let Some(applied) = decided.noop() {
            return Ok((applied, true));
        }
        let logs = self.run_step(Logs::load(&self.collections, session, batch, self.log_entries)).await?;
        let resolved = decided.stamp(&logs.records(batch, conversations));
        let writes = Writes::of(batch, &logs, &resolved, at, self.log_entries)?;
        writes.run(&self.collections, session).await?;
        Ok((resolved.applied, false))
    }

    async fn run_step<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.collections.primary.run_step(step).await
    }

    async fn snapshot(&self) -> Result<ClientSession, Error> {
        snapshot(self.collections.database.client()).await
    }

    /// Runs a read, and again while the members elect a primary.
    async fn read<T, Read>(&self, read: impl Fn() -> Read) -> Result<T, StoreError>
    where
        Read: Future<Output = Result<T, Error>>,
    {
        self.retries.run(&Wanted::ALWAYS, |_| self.run_step(read())).await
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
            let max = limit.saturating_add(1);
            let found = queries::page(&self.collections, &mut session, of, after, filter, max).await?;
            self.last_commit.check(&session)?;
            Ok(found)
        })
        .await
    }
}

#[async_trait]
impl ConversationStore for MongoStore {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        // A task of its own finishes even if the caller drops this future. A transaction left open would block its owners
        // for a minute.
        let (store, batch, wanted) = (self.clone(), batch.clone(), wanted.clone());
        let attempts =
            async move { store.retries.run(&wanted, |deadline| store.try_apply(&batch, at, deadline)).await };
        tokio::spawn(attempts).await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.read(|| async {
            let mut session = self.snapshot().await?;
            let found = queries::get(&self.collections, &mut session, keys).await?;
            self.last_commit.check(&session)?;
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
        let found = self.page(of_owner, after, filter, page.limit).await?;
        Ok(Page::from_overfetch(found, page.limit, |last| last.key.conversation_id.clone()))
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let of_conversation = (rows::CONVERSATION, conversation_id.as_str());
        let after = (rows::OWNER, page.after.as_ref().map_or("", UserId::as_str));
        let found = self.page(of_conversation, after, filter, page.limit).await?;
        Ok(Page::from_overfetch(found, page.limit, |last| last.key.owner.clone()))
    }

    /// OpenIM's server creates and removes conversations too and keeps no number of them, so the server counts the entries
    /// of an index.
    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.read(|| async {
            let mut session = self.snapshot().await?;
            let count = queries::count(&self.collections, &mut session, owner).await?;
            self.last_commit.check(&session)?;
            Ok(count)
        })
        .await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.read(|| async {
            let mut session = self.snapshot().await?;
            // No entry is newer than the highest version, so none is read.
            let log = queries::owner_log(&self.collections, &mut session, owner, Version(u64::MAX)).await?;
            self.last_commit.check(&session)?;
            Ok(log.current)
        })
        .await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.read(|| async {
            let mut session = self.snapshot().await?;
            let log = queries::owner_log(&self.collections, &mut session, owner, since.version).await?;
            self.last_commit.check(&session)?;
            let current = log.current;
            match Changes::plan(since, current, log.deleted) {
                SyncPlan::Settled(changes) => Ok(changes),
                SyncPlan::ReadAfter(after) => {
                    let changed = queries::changed_records(&self.collections, &mut session, owner, after, log, limit);
                    Ok(Changes::from_records(after, current, limit, changed.await?))
                }
            }
        })
        .await
    }

    fn write_profile(&self) -> WriteProfile {
        self.profile
    }

    /// A user that may only read is not ready.
    async fn ready(&self) -> Result<(), StoreError> {
        let probe = UserId::new("readyz").map_err(|error| Error::damaged(error.into()))?;
        self.version(&probe).await?;
        let missing = self.read(async || Ok(rights::missing(&self.collections.database, &rights::TO_WRITE).await));
        missing.await?.map_or(Ok(()), |missing| Err(Error::ReadOnly(missing).into()))
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let prune = || async {
            let mut session = self.collections.database.client().start_session().await?;
            let pruned = queries::prune(&self.collections, &mut session, owner, through).await?;
            self.last_commit.record(session.operation_time());
            Ok(pruned)
        };
        self.retries.run(&Wanted::ALWAYS, |_| self.run_step(prune())).await
    }
}
