//! Events: one for each change, none for a no-op, and one for each participant of a private chat.

use std::sync::Arc;

use conversation_settings_core::{Field, Mask, Version};
use conversation_settings_service::{Event, EventKind, Service};

use crate::setup::{Events, admin, of, service, set_group, set_single, user};

fn observed() -> (Arc<Events>, Service) {
    let events = Arc::new(Events::default());
    let (_, service) = service();
    (events.clone(), service.events(events).build())
}

fn kinds(events: &[Event], owner: &str) -> Vec<EventKind> {
    events.iter().filter(|event| event.owner == user(owner)).map(|event| event.kind.clone()).collect()
}

fn private_chat(with: &str, is_on: bool) -> EventKind {
    EventKind::PrivateChat { with: user(with), is_on }
}

const PRIVATE: Mask = Mask::EMPTY.with(Field::IsPrivateChat);

#[tokio::test]
async fn names_the_change_and_the_caller() {
    let (events, service) = observed();
    set_group(&service, &of("alice"), &["alice"], r#""isPinned": true, "ex": "x""#).await.unwrap();
    let [event] = &events.take().await[..] else { panic!("one conversation, one event") };
    assert_eq!((&event.owner, event.conversation_id.as_str()), (&user("alice"), "sg_team"));
    assert_eq!(event.kind, EventKind::Created([Field::IsPinned, Field::Ex].into_iter().collect()));
    assert_eq!((event.version, &*event.operation_id, &event.caller), (Version(1), "op-alice", &user("alice")));
}

#[tokio::test]
async fn emits_changes_only() {
    let (events, service) = observed();
    set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.unwrap();
    assert_eq!(events.take().await.len(), 2);
    set_group(&service, &of("bob"), &["bob"], r#""ex": "x""#).await.unwrap();
    assert_eq!(kinds(&events.take().await, "bob"), [EventKind::Updated(Field::Ex.into())]);
    set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true, "ex": "x""#).await.unwrap();
    let emitted = events.take().await;
    assert_eq!(kinds(&emitted, "alice"), [EventKind::Updated(Field::Ex.into())]);
    assert_eq!((kinds(&emitted, "bob"), emitted.len()), (Vec::new(), 1));
}

#[tokio::test]
async fn emits_nothing_for_an_empty_patch() {
    let (events, service) = observed();
    set_group(&service, &admin(), &["alice"], "").await.unwrap();
    assert_eq!(events.take().await, []);
}

#[tokio::test]
async fn emits_private_chat_to_both() {
    let (events, service) = observed();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true, "isPinned": true"#).await.unwrap();
    let emitted = events.take().await;
    let both = [Field::IsPrivateChat, Field::IsPinned].into_iter().collect();
    assert_eq!(kinds(&emitted, "alice"), [EventKind::Created(both), private_chat("bob", true)]);
    assert_eq!(kinds(&emitted, "bob"), [EventKind::Created(PRIVATE), private_chat("alice", true)]);

    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    assert_eq!(events.take().await, [], "private chat is on already");

    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": false"#).await.unwrap();
    let emitted = events.take().await;
    assert_eq!(kinds(&emitted, "alice"), [EventKind::Updated(PRIVATE), private_chat("bob", false)]);
    assert_eq!(kinds(&emitted, "bob"), [EventKind::Updated(PRIVATE), private_chat("alice", false)]);
}

#[tokio::test]
async fn emits_no_private_chat_when_created_with_it_off() {
    let (events, service) = observed();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": false"#).await.unwrap();
    let emitted = events.take().await;
    assert_eq!(kinds(&emitted, "alice"), [EventKind::Created(PRIVATE)]);
    assert_eq!(kinds(&emitted, "bob"), [], "a missing conversation means off already");
}

#[tokio::test]
async fn emits_no_private_chat_for_another_setting() {
    let (events, service) = observed();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    events.take().await;
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true, "ex": "x""#).await.unwrap();
    let emitted = events.take().await;
    assert_eq!(kinds(&emitted, "alice"), [EventKind::Updated(Field::Ex.into())]);
    assert_eq!(emitted.len(), 1, "the counterpart's view did not change");
}
