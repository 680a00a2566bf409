//! The store.

use std::{iter, sync::Arc};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, SyncPlan, Wanted, resolve,
};
use conversation_settings_tls::Authorities;
use deadpool_postgres::Pool;

use crate::{
    connection::{Connections, Lent},
    error::Error,
    health::Health,
    lend::Lend,
    open,
    open_error::OpenError,
    queries::{Queries, Versions},
    retry::{Attempt, OwnerLocks},
    rights,
    schema_name::Schema,
    session::Session,
    source::Source,
};

/// Keeps conversations in a PostgreSQL database, in a schema of their own.
///
/// Call its methods within a Tokio runtime.
#[derive(Debug)]
pub struct PostgresStore {
    connections: Connections,
    schema: Schema,
    queries: Queries,
    locks: OwnerLocks,
}

impl PostgresStore {
    /// Connects to the database at `url`, and migrates the schema to this version.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the database is then left as it is.
    pub async fn open(url: &str, schema: &Schema) -> Result<Self, OpenError> {
        Self::open_trusting(url, schema, &Authorities::default()).await
    }

    /// As [`open`](Self::open), with authorities beyond the system's for TLS.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_trusting(url: &str, schema: &Schema, authorities: &Authorities) -> Result<Self, OpenError> {
        let (connections, hosts) = open::connections(url, authorities)?;
        Self::prepare(connections, &hosts, schema).await
    }

    /// Uses the host's pool, and migrates the schema to this version.
    ///
    /// The pool's connections keep their settings; `lock_timeout`, `statement_timeout` and
    /// `idle_in_transaction_session_timeout` should be set. A call that gets no connection within ten seconds fails as
    /// unavailable, even if the pool would wait longer. The store writes on all but two of the connections.
    ///
    /// For connections through a pooler see [`with_pool_behind_pooler`](Self::with_pool_behind_pooler).
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the database is then left as it is.
    pub async fn with_pool(pool: Pool, schema: &Schema) -> Result<Self, OpenError> {
        let connections = Connections::new(Source::Pool(pool), Arc::new(Health::new()), false);
        Self::prepare(connections, "the pool's hosts", schema).await
    }

    /// Like [`with_pool`](Self::with_pool), for connections that lead through a pooler such as `PgBouncer` in transaction mode.
    /// The store keeps no prepared statement, and sets its timeouts in each transaction.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the database is then left as it is.
    pub async fn with_pool_behind_pooler(pool: Pool, schema: &Schema) -> Result<Self, OpenError> {
        let health = Health::new();
        health.found_pooler();
        let connections = Connections::new(Source::Pool(pool), Arc::new(health), false);
        Self::prepare(connections, "the pool's hosts", schema).await
    }

    /// Uses connections that the host lends, and migrates the schema to this version.
    ///
    /// The store prepares nothing on them, so each statement is planned anew; a [pool](Self::with_pool) is faster. It does not
    /// notice a server that is silent, which the host's timeouts have to end, nor does it keep connections for reads.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the database is then left as it is.
    pub async fn with_lender(lender: impl Lend, schema: &Schema) -> Result<Self, OpenError> {
        let connections = Connections::new(Source::Lender(Box::new(lender)), Arc::new(Health::new()), false);
        Self::prepare(connections, "the hosts of the lender", schema).await
    }

    async fn prepare(connections: Connections, hosts: &str, schema: &Schema) -> Result<Self, OpenError> {
        let timeline = open::prepare(&connections, hosts, schema).await?;
        Ok(Self {
            connections,
            schema: schema.clone(),
            queries: Queries::new(schema, timeline),
            locks: OwnerLocks::default(),
        })
    }

    async fn versions(&self, owner: &UserId) -> Result<Versions, Error> {
        let read = async |lent: Lent<'_>| Ok((self.queries.versions(lent.session(), owner).await?, lent.connected));
        let (versions, connected) = self.connections.read(read).await?;
        self.connections.health().found(versions.history.primary(), connected);
        Ok(versions)
    }

    /// Applies a batch in two statements. Fails with a conflict if another writer changes an owner in between.
    async fn apply_optimistic(&self, lent: &Lent<'_>, batch: &WriteBatch, at: Timestamp) -> Result<Applied, Error> {
        let (queries, session) = (&self.queries, lent.session());
        let loaded = queries.load(session, batch).await?;
        let resolved = resolve(batch, &loaded, at)?;
        if !resolved.is_noop() {
            queries.put(session, &loaded, &resolved, self.connections.health().timeline()).await?;
        }
        Ok(resolved.applied)
    }

    /// Applies a batch in a transaction that locks the owners before it loads them.
    async fn apply_locked(&self, lent: &mut Lent<'_>, batch: &WriteBatch, at: Timestamp) -> Result<Applied, Error> {
        lent.in_transaction(async |session| self.lock_and_apply(session, batch, at).await).await
    }

    /// Locks the owners, loads them and applies the batch, within a transaction. Also returns whether anything was written.
    pub(crate) async fn lock_and_apply(
        &self,
        session: Session<'_>,
        batch: &WriteBatch,
        at: Timestamp,
    ) -> Result<(Applied, bool), Error> {
        let queries = &self.queries;
        let locked = queries.lock(session, batch).await?;
        let loaded = queries.load(session, batch).await?;
        // An owner that was created in between is not locked, and locking it now would be out of order.
        if loaded.versions.iter().filter(|version| **version != Version::ZERO).count() != locked {
            return Err(Error::VersionMismatch);
        }
        let resolved = resolve(batch, &loaded, at)?;
        let is_change = !resolved.is_noop();
        if is_change {
            queries.put(session, &loaded, &resolved, self.connections.health().timeline()).await?;
        }
        Ok((resolved.applied, is_change))
    }
}

#[async_trait]
impl ConversationStore for PostgresStore {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        let attempt = |this| {
            self.connections.write(async move |mut lent| {
                // The wait for other writers of the owners and for a connection is over.
                if !wanted.is_wanted() {
                    return Err(Error::Unwanted);
                }
                match this {
                    Attempt::Optimistic => self.apply_optimistic(&lent, batch, at).await,
                    Attempt::Locked => self.apply_locked(&mut lent, batch, at).await,
                }
            })
        };
        self.locks.run(|| batch.owners(), attempt).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.connections.read(async |lent| self.queries.get(lent.session(), keys).await).await?)
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        let (after, limit) = (page.after.as_ref(), page.limit.saturating_add(1));
        let read = async |lent: Lent<'_>| self.queries.list(lent.session(), owner, filter, after, limit).await;
        let read = self.connections.read(read).await?;
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.conversation_id.clone()))
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let (after, limit) = (page.after.as_ref(), page.limit.saturating_add(1));
        let read = async |lent: Lent<'_>| {
            self.queries.list_by_conversation(lent.session(), conversation_id, filter, after, limit).await
        };
        let read = self.connections.read(read).await?;
        Ok(Page::from_overfetch(read, page.limit, |last| last.key.owner.clone()))
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        Ok(self.connections.read(async |lent| self.queries.count(lent.session(), owner).await).await?)
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        Ok(self.versions(owner).await?.current())
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        let read = async |lent: Lent<'_>| {
            self.queries.changed(lent.session(), owner, since.version, limit.saturating_add(1)).await
        };
        let (versions, records) = self.connections.read(read).await?;
        let current = versions.current();
        Ok(match Changes::plan(since, current, versions.pruned) {
            SyncPlan::Settled(changes) => changes,
            SyncPlan::ReadAfter(after) => Changes::from_records(after, current, limit, records),
        })
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let probe = UserId::new("readyz").map_err(|error| Error::Row { key: None, source: error.into() })?;
        let history = self.versions(&probe).await?.history;
        if history.is_standby() {
            return Err(Error::Standby.into());
        }
        // It answers reads, and refuses every write.
        if !self.connections.health().is_newest(history.primary()) {
            return Err(Error::OldPrimary.into());
        }
        let missing =
            async |lent: Lent<'_>| Ok(rights::missing(lent.session().client(), &self.schema, &rights::TO_WRITE).await?);
        self.connections.read(missing).await?.map_or(Ok(()), |missing| Err(Error::ReadOnly(missing).into()))
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        let attempt = |_| self.connections.write(async |lent| self.queries.prune(lent.session(), owner, through).await);
        self.locks.run(|| iter::once(owner), attempt).await
    }
}
