//! A service over the memory store, and requests in short.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use conversation_settings_core::{
    Conversation, ConversationId, GroupId, Key, Limits, Report, ReportEntry, SetConversations, Timestamp, UserId,
};
use conversation_settings_service::testing::MockClock;
use conversation_settings_service::{Context, Event, EventSink, Service, ServiceBuilder, ServiceError};
use conversation_settings_store_memory::MemoryStore;

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn key(owner: &str, id: &str) -> Key {
    Key::new(user(owner), ConversationId::new(id).unwrap())
}

pub(crate) fn admin() -> Context {
    Context::admin(user("imAdmin")).with_operation_id("op-admin")
}

pub(crate) fn of(id: &str) -> Context {
    Context::user(user(id)).with_operation_id(format!("op-{id}"))
}

pub(crate) fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

pub(crate) fn id(text: &str) -> ConversationId {
    ConversationId::new(text).unwrap()
}

pub(crate) fn conversation_ids(texts: &[&str]) -> Vec<ConversationId> {
    texts.iter().map(|text| id(text)).collect()
}

pub(crate) fn team() -> GroupId {
    GroupId::new("team").unwrap()
}

pub(crate) fn key_of(entry: &ReportEntry) -> Key {
    Key::new(entry.user.clone(), entry.conversation_id.clone())
}

pub(crate) fn ids<'a>(conversations: impl IntoIterator<Item = &'a Conversation>) -> Vec<&'a str> {
    conversations.into_iter().map(|found| found.key.conversation_id.as_str()).collect()
}

/// Creates group conversations of `owner`.
pub(crate) async fn create(service: &Service, owner: &str, ids: &[&str]) {
    for id in ids {
        let conversation = format!(r#""conversationID": {id:?}, "conversationType": 3, "groupID": "team""#);
        set(service, &admin(), &[owner], &conversation, r#""ex": "x""#).await.unwrap();
    }
}

/// A store, and the builder of a service over it.
pub(crate) fn service() -> (Arc<MemoryStore>, ServiceBuilder) {
    let store = Arc::new(MemoryStore::new());
    let mut clock = MockClock::new();
    clock.expect_now().return_const(NOW);
    (store.clone(), Service::builder(store).clock(Arc::new(clock)))
}

/// Sets `settings`, such as `"isPinned": true`, of the group conversation `sg_team`.
pub(crate) async fn set_group(
    service: &Service,
    context: &Context,
    users: &[&str],
    settings: &str,
) -> Result<Report, ServiceError> {
    set(service, context, users, r#""conversationID": "sg_team", "conversationType": 3, "groupID": "team""#, settings)
        .await
}

/// Sets `settings` of the single chat of alice and bob, from the view of everyone but bob.
pub(crate) async fn set_single(
    service: &Service,
    context: &Context,
    users: &[&str],
    settings: &str,
) -> Result<Report, ServiceError> {
    set(
        service,
        context,
        users,
        r#""conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob""#,
        settings,
    )
    .await
}

pub(crate) async fn set(
    service: &Service,
    context: &Context,
    users: &[&str],
    conversation: &str,
    settings: &str,
) -> Result<Report, ServiceError> {
    service.set(context, checked(users, conversation, settings)).await
}

/// A checked request, within the default limits.
pub(crate) fn checked(users: &[&str], conversation: &str, settings: &str) -> SetConversations {
    let comma = if settings.is_empty() { "" } else { "," };
    let json = format!(r#"{{ "userIDs": {users:?}, "conversation": {{ {conversation}{comma} {settings} }} }}"#);
    SetConversations::parse(serde_json::from_str(&json).unwrap(), &Limits::default()).unwrap()
}

/// Keeps the events.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

#[async_trait]
impl EventSink for Events {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn emit(&self, events: &[Event]) {
        self.0.lock().unwrap().extend_from_slice(events);
    }
}

impl Events {
    /// The events since the last call. The sinks' tasks run while this one yields, on the one thread of a test.
    pub(crate) async fn take(&self) -> Vec<Event> {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
