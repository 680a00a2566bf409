//! Batches within transactions of the host, together with its own table in the store's file.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{
    Change, Conversation, ConversationId, Key, Missing, Outcome, Patch, Timestamp, UserId, Version, Write, WriteBatch,
};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, Page, PageRequest, StoreError,
    Wanted,
};
use conversation_settings_store_sqlite::{
    SqliteStore,
    rusqlite::{Connection, TransactionBehavior},
};
use conversation_settings_testkit::conformance::Harness;
use tempfile::TempDir;

use crate::harness::{AT, key, set};

/// A host that applies each batch in a transaction of its own.
#[derive(Debug)]
struct InTransactions {
    store: SqliteStore,
    connection: Mutex<Connection>,
}

impl InTransactions {
    fn open(folder: impl AsRef<Path>) -> Arc<Self> {
        let file = folder.as_ref().join("conversations.db");
        let store = SqliteStore::open(&file).unwrap();
        let connection = Connection::open(file).unwrap();
        connection.busy_timeout(Duration::from_secs(30)).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS outbox (writes INTEGER)").unwrap();
        Arc::new(Self { store, connection: Mutex::new(connection) })
    }

    /// Applies a batch and writes a row of its own, and commits or rolls back.
    fn apply_with_own(&self, batch: &WriteBatch, at: Timestamp, commits: bool) -> Result<Applied, StoreError> {
        let mut connection = self.connection.lock().unwrap();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
        let writes = i64::try_from(batch.len()).unwrap();
        transaction.execute("INSERT INTO outbox VALUES (?1)", [writes]).map_err(unavailable)?;
        let applied = self.store.apply_in(&transaction, batch, at)?;
        if commits { transaction.commit() } else { transaction.rollback() }.map_err(unavailable)?;
        Ok(applied)
    }

    fn outbox(&self) -> i64 {
        let connection = self.connection.lock().unwrap();
        connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).unwrap()
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable { store: "host", source: error.into() }
}

#[async_trait]
impl ConversationStore for InTransactions {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        if wanted.is_wanted() { self.apply_with_own(batch, at, true) } else { Err(StoreError::unwanted("host")) }
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.store.get(keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.store.list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.store.list_by_conversation(conversation_id, filter, page).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.store.count(owner).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.store.version(owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.store.changes(owner, since, limit).await
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.store.prune(owner, through).await
    }
}

struct HostTransactions;

impl Harness for HostTransactions {
    type Guard = TempDir;
    type Store = Arc<InTransactions>;

    async fn fresh(&self) -> Option<(TempDir, Self::Store)> {
        let folder = tempfile::tempdir().unwrap();
        let store = InTransactions::open(&folder);
        Some((folder, store))
    }

    async fn another_handle(&self, folder: &TempDir, _: &Self::Store) -> Option<Self::Store> {
        Some(InTransactions::open(folder))
    }

    async fn reopen(&self, folder: &TempDir, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(InTransactions::open(folder))
    }
}

conversation_settings_testkit::conformance!(HostTransactions);

#[tokio::test]
async fn takes_effect_with_the_writes_of_the_host_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let host = InTransactions::open(&folder);
    let batch = set([key("alice", "sg_1")], &Patch::KEEP.is_pinned(true));
    for commits in [false, true] {
        let applied = host.apply_with_own(&batch, AT, commits).unwrap();
        assert_eq!(applied.effects[0].outcome, Outcome::Created);
        assert_eq!(host.store.get_one(key("alice", "sg_1")).await.unwrap().is_some(), commits);
        let version = host.store.version(&key("alice", "sg_1").owner).await.unwrap().version;
        assert_eq!(version, Version(u64::from(commits)));
        assert_eq!(host.outbox(), i64::from(commits));
    }
}

#[tokio::test]
async fn leaves_the_hosts_transaction_usable_after_a_rejected_batch() {
    let folder = tempfile::tempdir().unwrap();
    let host = InTransactions::open(&folder);
    let reject = Change::Set { patch: Patch::KEEP.is_pinned(true), missing: Missing::Reject };
    let rejected = WriteBatch::new(vec![Write { key: key("alice", "sg_1"), change: reject.into() }]).unwrap();
    {
        let mut connection = host.connection.lock().unwrap();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let error = host.store.apply_in(&transaction, &rejected, AT).unwrap_err();
        assert!(matches!(error, StoreError::Rejected(_)), "{error:?}");
        transaction.execute("INSERT INTO outbox VALUES (0)", []).unwrap();
        host.store.apply_in(&transaction, &set([key("bob", "sg_1")], &Patch::KEEP.ex("x")), AT).unwrap();
        transaction.commit().unwrap();
    }
    assert_eq!(host.outbox(), 1);
    assert!(host.store.get_one(key("bob", "sg_1")).await.unwrap().is_some());
    assert!(host.store.get_one(key("alice", "sg_1")).await.unwrap().is_none());
}
