//! Connections that the host lends.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use conversation_settings_core::Patch;
use conversation_settings_store::{BoxError, ConversationStore, StoreError};
use conversation_settings_store_postgres::{Lend, LentClient, PostgresStore};
use conversation_settings_testkit::{Proxy, conformance::Harness};
use tokio::sync::Mutex;
use tokio_postgres::Client;

use crate::{
    conformance::Proxied,
    harness::{Database, NOW, connect, key, set, user},
};

/// Clients of the host, lent in turn.
#[derive(Debug)]
struct InTurn {
    clients: Vec<Arc<Mutex<Client>>>,
    next: AtomicUsize,
}

#[async_trait]
impl Lend for InTurn {
    async fn lend(&self) -> Result<LentClient, BoxError> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.clients.len();
        self.clients[next].lend().await
    }
}

async fn open(url: &str, database: &Database) -> Arc<PostgresStore> {
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Arc::new(Mutex::new(connect(url).await.unwrap())));
    }
    let lender = InTurn { clients, next: AtomicUsize::new(0) };
    Arc::new(PostgresStore::with_lender(lender, &database.schema).await.unwrap())
}

struct Lent;

impl Harness for Lent {
    type Guard = Proxied;
    type Store = Arc<PostgresStore>;

    const HISTORIES: u32 = 8;

    async fn fresh(&self) -> Option<(Proxied, Self::Store)> {
        let proxied = Proxied::new().await?;
        let store = open(&proxied.url, &proxied.database).await;
        Some((proxied, store))
    }

    async fn another_handle(&self, proxied: &Proxied, _: &Self::Store) -> Option<Self::Store> {
        Some(open(&proxied.database.url, &proxied.database).await)
    }

    async fn reopen(&self, proxied: &Proxied, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(open(&proxied.database.url, &proxied.database).await)
    }

    async fn round_trips(&self, proxied: &Proxied, _: &Self::Store) -> Option<u64> {
        Some(proxied.proxy.round_trips())
    }
}

conversation_settings_testkit::conformance!(Lent);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uses_one_client_of_the_host_and_leaves_it_clean() {
    let Some(database) = Database::new().await else { return };
    let (proxy, url) = Proxy::before(&database.url).await.unwrap();
    let client = Arc::new(Mutex::new(connect(&url).await.unwrap()));
    let store = PostgresStore::with_lender(client.clone(), &database.schema).await.unwrap();
    let batch = set([key("a", "sg_1")], &Patch::KEEP.is_pinned(true));
    // A caller gives up at each point of a call.
    for n in 0..40 {
        let batch = set([key("a", "sg_1")], &Patch::KEEP.ex(format!("{n}")));
        let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 100), store.apply(&batch, NOW)).await;
    }
    store.apply(&batch, NOW).await.unwrap();
    // The host's own transaction begins on it.
    let mut lent = client.lock().await;
    let transaction = lent.transaction().await.unwrap();
    transaction.execute("SELECT 1", &[]).await.unwrap();
    transaction.commit().await.unwrap();
    drop(lent);

    // Its connection ends: every call fails as unavailable, and none waits.
    proxy.cut();
    let ended = async { while store.version(&user("a")).await.is_ok() {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.unwrap();
    let error = store.apply(&batch, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}
