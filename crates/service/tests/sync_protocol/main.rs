//! Clients that know only the sync protocol, over the service and its use cases.

mod writing;

use std::sync::Arc;

use conversation_settings_core::{Conversation, ConversationId, UserId, Version};
use conversation_settings_service::{Context, Service, ServiceError};
use conversation_settings_store::{Changes, ConversationStore, Filter, OwnerVersion};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{
    history::World,
    proptest::strategy::BoxedStrategy,
    sync::{self, Server},
};

use self::writing::Writing;

/// A service that clients sync with.
#[derive(Clone)]
struct ServiceServer {
    service: Service,
    store: MemoryStore,
}

impl ServiceServer {
    fn new(max_changes: Option<usize>) -> Self {
        let store = MemoryStore::new();
        let builder = Service::builder(store.clone()).custom(writing::declared());
        let builder = if let Some(most) = max_changes { builder.max_changes(most) } else { builder };
        Self { service: builder.build(), store }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
fn text(error: ServiceError) -> String {
    format!("{error:?}")
}

impl Server for ServiceServer {
    type Write = Writing;

    fn writes() -> BoxedStrategy<Writing> {
        writing::writing()
    }

    async fn write(&self, world: &World, writing: &Writing) -> Result<(), String> {
        writing.run(&self.service, world).await.map_err(text)
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<(), String> {
        self.store.prune(owner, through).await.map(drop).map_err(|error| format!("{error:?}"))
    }

    async fn snapshot(&self, owner: &UserId) -> Result<(OwnerVersion, Vec<ConversationId>), String> {
        let snapshot = self.service.snapshot(&Context::user(owner.clone()), owner).await.map_err(text)?;
        Ok((snapshot.version, snapshot.conversation_ids))
    }

    async fn get(&self, owner: &UserId, ids: &[ConversationId]) -> Result<Vec<Conversation>, String> {
        self.service.get_many(&Context::user(owner.clone()), owner, ids).await.map_err(text)
    }

    async fn list(&self, owner: &UserId) -> Result<Vec<Conversation>, String> {
        self.service.list_all(&Context::user(owner.clone()), owner, &Filter::ALL).await.map_err(text)
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion) -> Result<Changes, String> {
        self.service.changes(&Context::user(owner.clone()), owner, since).await.map_err(text)
    }
}

#[tokio::test]
async fn clients_match_the_service() {
    sync::clients_match(ServiceServer::new, 512).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_converge_during_writes_of_the_service() {
    sync::clients_converge(ServiceServer::new(None), 64).await;
}

#[tokio::test]
async fn clients_match_the_memory_store() {
    sync::clients_match_the_store(Arc::new(MemoryStore::new()), 512).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_converge_during_writes_of_the_memory_store() {
    sync::clients_converge_during_writes(Arc::new(MemoryStore::new()), 64).await;
}
