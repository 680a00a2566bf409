//! Batches within transactions of the host, together with its own collection, on the host's client.

use std::{process::Command, sync::Arc};

use async_trait::async_trait;
use conversation_settings_core::{
    Conversation, ConversationId, Key, Outcome, Patch, Timestamp, UserId, Version, WriteBatch,
};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, Page, PageRequest, StoreError,
    Wanted,
};
use conversation_settings_store_mongodb::{MongoStore, OpenError};
use conversation_settings_testkit::{conformance::Harness, multiprocess::child_process};
use mongodb::{
    Client, ClientSession,
    bson::{Document, doc},
    error::{Error, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT},
};

use crate::{
    conformance::Proxied,
    processes::CHILD,
    support::{Database, NOW, batch, key, set},
};

/// A host that applies each batch in a transaction of its own, and repeats that after a conflict.
#[derive(Debug)]
struct InTransactions {
    store: MongoStore,
    client: Client,
    database: String,
}

impl InTransactions {
    async fn open(address: &str, database: &str) -> Arc<Self> {
        let client = Client::with_uri_str(address).await.unwrap();
        let store = MongoStore::with_client(client.clone(), database).await.unwrap();
        Arc::new(Self { store, client, database: database.to_owned() })
    }

    async fn begin(&self) -> Result<ClientSession, StoreError> {
        let mut session = self.client.start_session().await.map_err(failed)?;
        let options = MongoStore::transaction_options();
        session.start_transaction().with_options(options).await.map_err(failed)?;
        Ok(session)
    }

    /// Writes a document of the host's own.
    async fn write_own(&self, session: &mut ClientSession, batch: &WriteBatch) -> Result<(), StoreError> {
        let outbox = self.client.database(&self.database).collection::<Document>("outbox");
        let written = outbox.insert_one(doc! { "writes": i64::try_from(batch.len()).unwrap() }).session(session).await;
        written.map(drop).map_err(failed)
    }

    async fn commit(&self, session: &mut ClientSession) -> Result<(), StoreError> {
        loop {
            match session.commit_transaction().await {
                Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {}
                Err(error) => return Err(failed(error)),
                Ok(()) => {
                    self.store.committed(session);
                    return Ok(());
                }
            }
        }
    }

    async fn apply_once(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        let mut session = self.begin().await?;
        let applied = async {
            if !batch.is_empty() {
                self.write_own(&mut session, batch).await?;
            }
            self.store.apply_in(&mut session, batch, at).await
        };
        match applied.await {
            Ok(applied) => self.commit(&mut session).await.map(|()| applied),
            Err(error) => {
                // It may be aborted already.
                let _ = session.abort_transaction().await;
                Err(error)
            }
        }
    }
}

fn failed(error: Error) -> StoreError {
    let (is_conflict, source) = (error.contains_label(TRANSIENT_TRANSACTION_ERROR), error.into());
    if is_conflict {
        StoreError::Conflict { store: "host", source }
    } else {
        StoreError::Unavailable { store: "host", source }
    }
}

#[async_trait]
impl ConversationStore for InTransactions {
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        loop {
            if !wanted.is_wanted() {
                return Err(StoreError::unwanted("host"));
            }
            match self.apply_once(batch, at).await {
                Err(StoreError::Conflict { .. }) => {}
                done => return done,
            }
        }
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
    type Guard = Proxied;
    type Store = Arc<InTransactions>;

    const HISTORIES: u32 = 8;

    async fn fresh(&self) -> Option<(Proxied, Self::Store)> {
        let proxied = Proxied::new().await?;
        let store = InTransactions::open(&proxied.address(), &proxied.database.name).await;
        Some((proxied, store))
    }

    async fn another_handle(&self, proxied: &Proxied, _: &Self::Store) -> Option<Self::Store> {
        Some(InTransactions::open(&proxied.database.address, &proxied.database.name).await)
    }

    async fn reopen(&self, proxied: &Proxied, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(InTransactions::open(&proxied.database.address, &proxied.database.name).await)
    }

    async fn round_trips(&self, proxied: &Proxied, _: &Self::Store) -> Option<u64> {
        Some(proxied.proxy.round_trips())
    }

    async fn inject_fault(&self, proxied: &Proxied, _: &Self::Store) -> Option<()> {
        proxied.proxy.cut();
        Some(())
    }

    fn writing_process(&self, proxied: &Proxied) -> Option<Command> {
        Some(child_process(CHILD, &proxied.database.address))
    }
}

conversation_settings_testkit::conformance!(HostTransactions);

#[tokio::test]
async fn takes_effect_with_the_writes_of_the_host_or_not_at_all() {
    let Some(database) = Database::new().await else { return };
    let host = InTransactions::open(&database.address, &database.name).await;
    let write = batch([set(key("alice", "sg_1"), Patch::KEEP.is_pinned(true))]);
    let outbox = database.collection("outbox");
    for commits in [false, true] {
        let mut session = host.begin().await.unwrap();
        host.write_own(&mut session, &write).await.unwrap();
        let applied = host.store.apply_in(&mut session, &write, NOW).await.unwrap();
        assert_eq!(applied.effects[0].outcome, Outcome::Created);
        // Nobody else sees it before the commit.
        assert_eq!(host.store.get_one(key("alice", "sg_1")).await.unwrap(), None);
        if commits {
            host.commit(&mut session).await.unwrap();
        } else {
            session.abort_transaction().await.unwrap();
        }
        assert_eq!(host.store.get_one(key("alice", "sg_1")).await.unwrap().is_some(), commits);
        let version = host.store.version(&key("alice", "sg_1").owner).await.unwrap().version;
        assert_eq!(version, Version(u64::from(commits)));
        assert_eq!(outbox.count_documents(doc! {}).await.unwrap(), u64::from(commits));
    }
}

#[tokio::test]
async fn refuses_a_client_whose_read_concern_would_replace_the_stores() {
    let Some(database) = Database::new().await else { return };
    let separator = if database.address.contains('?') { '&' } else { '?' };
    let address = format!("{}{separator}readConcernLevel=local", database.address);
    let client = Client::with_uri_str(address).await.unwrap();
    let error = MongoStore::with_client(client, &database.name).await.unwrap_err();
    assert!(matches!(error, OpenError::ReadConcern), "{error:?}");
    let client = Client::with_uri_str(&database.address).await.unwrap();
    let error = MongoStore::with_client(client, "a.b").await.unwrap_err();
    assert!(matches!(error, OpenError::Database), "{error:?}");
}
