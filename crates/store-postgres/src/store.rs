//! The adapter.

use std::iter;

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, LogId, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, resolve,
};
use deadpool_postgres::{Client, Pool};

use crate::{
    error::Error,
    open,
    open_error::OpenError,
    queries::Queries,
    retry::{Try, Turns},
    schema::Schema,
    session::{self, Session},
};

/// Keeps conversations in a PostgreSQL database, in a schema of their own.
///
/// Its methods have to be called within a Tokio runtime.
#[derive(Debug)]
pub struct PostgresStore {
    pool: Pool,
    log: LogId,
    queries: Queries,
    turns: Turns,
}

impl PostgresStore {
    /// Connects to the database that `url` names, and brings the schema to this version.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; what is in the database is left as it is then.
    pub async fn open(url: &str, schema: &Schema) -> Result<Self, OpenError> {
        let (pool, hosts) = open::pool(url)?;
        Self::prepared(pool, &hosts, schema).await
    }

    /// Uses a pool of the host's, and brings the schema to this version.
    ///
    /// The pool's connections are used as they are: of their settings, `lock_timeout`, `statement_timeout` and
    /// `idle_in_transaction_session_timeout` are worth having. Where the pool would have a call wait for a connection for
    /// longer than ten seconds, the call fails as unavailable.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; what is in the database is left as it is then.
    pub async fn with_pool(pool: Pool, schema: &Schema) -> Result<Self, OpenError> {
        Self::prepared(pool, "the pool", schema).await
    }

    async fn prepared(pool: Pool, hosts: &str, schema: &Schema) -> Result<Self, OpenError> {
        let log = open::prepare(&pool, hosts, schema).await?;
        Ok(Self { pool, log, queries: Queries::new(schema), turns: Turns::default() })
    }

    /// Applies a batch if nobody else writes to the same owners meanwhile.
    async fn apply_at_once(&self, client: &mut Client, batch: &WriteBatch, at: Timestamp) -> Result<Applied, Error> {
        let (queries, session) = (&self.queries, Session::from(&*client));
        let held = queries.load(session, batch).await?;
        let resolved = resolve(batch, &held, at)?;
        if !resolved.is_noop() {
            queries.put(session, &held, &resolved).await?;
        }
        Ok(resolved.applied)
    }

    /// Applies a batch where there are others who write: the owners are locked before they are read.
    async fn apply_in_turn(&self, client: &mut Client, batch: &WriteBatch, at: Timestamp) -> Result<Applied, Error> {
        let transaction = client.transaction().await?;
        let (queries, session) = (&self.queries, Session::from(&transaction));
        let locked = queries.lock(session, batch).await?;
        let held = queries.load(session, batch).await?;
        // An owner that somebody has made in between is not locked; to wait for it now would be out of order.
        if held.versions.iter().filter(|version| **version != Version::ZERO).count() != locked {
            return Err(Error::Overtaken);
        }
        let resolved = resolve(batch, &held, at)?;
        if !resolved.is_noop() {
            queries.put(session, &held, &resolved).await?;
            transaction.commit().await?;
        }
        Ok(resolved.applied)
    }
}

#[async_trait]
impl ConversationStore for PostgresStore {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        let attempt = |this| {
            session::run(&self.pool, async move |client| match this {
                Try::First => self.apply_at_once(client, batch, at).await,
                Try::Again => self.apply_in_turn(client, batch, at).await,
            })
        };
        self.turns.run(|| batch.owners(), attempt).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(session::run(&self.pool, async |client| self.queries.get((&*client).into(), keys).await).await?)
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        let (after, most) = (page.after.as_ref(), page.limit.saturating_add(1));
        let read = async |client: &mut Client| self.queries.list((&*client).into(), owner, filter, after, most).await;
        let read = session::run(&self.pool, read).await?;
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.conversation_id.clone()))
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let (after, most) = (page.after.as_ref(), page.limit.saturating_add(1));
        let read = async |client: &mut Client| {
            self.queries.list_by_conversation((&*client).into(), conversation_id, filter, after, most).await
        };
        let read = session::run(&self.pool, read).await?;
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.owner.clone()))
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let (version, _) =
            session::run(&self.pool, async |client| self.queries.versions((&*client).into(), owner).await).await?;
        Ok(OwnerVersion { log: self.log, version })
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let most = limit.saturating_add(1);
        let read =
            async |client: &mut Client| self.queries.changed((&*client).into(), owner, since.version, most).await;
        let (version, pruned, records) = session::run(&self.pool, read).await?;
        let current = OwnerVersion { log: self.log, version };
        Ok(match Changes::plan(since, current, pruned) {
            SyncPlan::Settled(changes) => changes,
            SyncPlan::ReadAfter(after) => Changes::from_records(after, current, limit, records),
        })
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let attempt =
            |_| session::run(&self.pool, async |client| self.queries.prune((&*client).into(), owner, through).await);
        self.turns.run(|| iter::once(owner), attempt).await
    }
}
