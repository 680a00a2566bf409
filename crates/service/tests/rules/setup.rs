//! A service over the memory store, and requests in short.

use std::sync::{Arc, Mutex};

use conversation_settings_core::{
    Conversation, ConversationId, Key, Report, SetConversationsRequest, Text, Timestamp, UserId,
};
use conversation_settings_service::{Caller, Context, Event, EventSink, Service, ServiceBuilder, ServiceError};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::mocks::MockClock;

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn key(owner: &str, id: &str) -> Key {
    Key::new(user(owner), ConversationId::new(id).unwrap())
}

pub(crate) fn admin() -> Context {
    Context::new("op-admin", Caller::Admin(user("imAdmin")))
}

pub(crate) fn of(id: &str) -> Context {
    Context::new(format!("op-{id}"), Caller::User(user(id)))
}

#[expect(clippy::unnecessary_wraps, reason = "as the service takes what a client may leave out")]
pub(crate) fn text(text: &str) -> Option<Text> {
    Some(text.into())
}

#[expect(clippy::unnecessary_wraps, reason = "arguments of a call are optional")]
pub(crate) fn texts(texts: &[&str]) -> Option<Vec<Text>> {
    Some(texts.iter().map(|text| Text::from(*text)).collect())
}

pub(crate) fn ids<'a>(conversations: impl IntoIterator<Item = &'a Conversation>) -> Vec<&'a str> {
    conversations.into_iter().map(|found| found.key.conversation_id.as_str()).collect()
}

/// Creates group conversations of `owner`'s.
pub(crate) async fn create(service: &Service, owner: &str, ids: &[&str]) {
    for id in ids {
        let conversation = format!(r#""conversationID": {id:?}, "conversationType": 3, "groupID": "team""#);
        set(service, &admin(), &[owner], &conversation, r#""ex": "x""#).await.unwrap();
    }
}

/// A store, and a service over it that is still to be built.
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

/// Sets `settings` of the single chat of alice and bob, as seen by whoever is not bob.
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
    let comma = if settings.is_empty() { "" } else { "," };
    let json = format!(r#"{{ "userIDs": {users:?}, "conversation": {{ {conversation}{comma} {settings} }} }}"#);
    let request: SetConversationsRequest = serde_json::from_str(&json).unwrap();
    service.set_conversations(context, request).await
}

/// Keeps the events.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl EventSink for Events {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Events {
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
