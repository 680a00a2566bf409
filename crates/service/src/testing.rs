//! Mocks of the store and of the ports, for the tests of a host.
//!
//! ```
//! use std::sync::Arc;
//!
//! use conversation_settings_core::UserId;
//! use conversation_settings_service::{Service, testing::MockStore};
//! use conversation_settings_store::{OwnerVersion, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut store = MockStore::new();
//! store.expect_version().once().returning(|_| {
//!     Err(StoreError::Unavailable { store: "mock", source: "out for lunch".into() })
//! });
//! let service = Service::builder(Arc::new(store)).build();
//! assert!(service.ready().await.is_err());
//! # }
//! ```

use std::collections::HashMap;

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, GroupId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted,
};
use mockall::mock;

use crate::{Clock, DirectoryError, Event, EventSink, GroupDirectory, GroupStatus, Latest, Messages, MessagesError};

mock! {
    /// A [`ConversationStore`] that returns what the test expects it to.
    #[derive(Debug)]
    pub Store {}

    #[async_trait]
    impl ConversationStore for Store {
        async fn apply_while_wanted(
            &self,
            batch: &WriteBatch,
            at: Timestamp,
            wanted: &Wanted,
        ) -> Result<Applied, StoreError>;
        async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError>;
        async fn list(
            &self,
            owner: &UserId,
            filter: &Filter,
            page: &PageRequest<ConversationId>,
        ) -> Result<Page<ConversationId>, StoreError>;
        async fn list_by_conversation(
            &self,
            conversation_id: &ConversationId,
            filter: &Filter,
            page: &PageRequest<UserId>,
        ) -> Result<Page<UserId>, StoreError>;
        async fn count(&self, owner: &UserId) -> Result<usize, StoreError>;
        async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError>;
        async fn changes(
            &self,
            owner: &UserId,
            since: &OwnerVersion,
            limit: usize,
        ) -> Result<Changes, StoreError>;
        async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError>;
    }
}

mock! {
    /// A [`GroupDirectory`] that returns what the test expects it to.
    #[derive(Debug)]
    pub Groups {}

    #[async_trait]
    impl GroupDirectory for Groups {
        async fn status(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError>;
    }
}

mock! {
    /// A [`Messages`] that returns what the test expects it to.
    #[derive(Debug)]
    pub Messages {}

    #[async_trait]
    impl Messages for Messages {
        async fn latest(
            &self,
            owner: &UserId,
            conversation_ids: &[ConversationId],
        ) -> Result<HashMap<ConversationId, Latest>, MessagesError>;
    }
}

mock! {
    /// An [`EventSink`] that returns what the test expects it to.
    #[derive(Debug)]
    pub Events {}

    #[async_trait]
    impl EventSink for Events {
        fn name(&self) -> &'static str;
        async fn emit(&self, events: &[Event]);
    }
}

mock! {
    /// A [`Clock`] that returns what the test expects it to.
    #[derive(Debug)]
    pub Clock {}

    impl Clock for Clock {
        fn now(&self) -> Timestamp;
    }
}
