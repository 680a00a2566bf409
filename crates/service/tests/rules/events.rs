//! What is told of what changed: nothing of what did not, and each party of a private chat that it is one.

use std::sync::Arc;

use conversation_settings_core::{Field, Mask, Version};
use conversation_settings_service::{Event, EventKind, Service};

use crate::setup::{Events, admin, of, service, set_group, set_single, user};

fn house() -> (Arc<Events>, Service) {
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
async fn an_event_says_what_happened_to_whom_and_who_did_it() {
    let (events, service) = house();
    set_group(&service, &of("alice"), &["alice"], r#""isPinned": true, "ex": "x""#).await.unwrap();
    let [event] = &events.take()[..] else { panic!("one conversation, one event") };
    assert_eq!((&event.owner, event.conversation_id.as_str()), (&user("alice"), "sg_team"));
    assert_eq!(event.kind, EventKind::Created([Field::IsPinned, Field::Ex].into_iter().collect()));
    assert_eq!((event.version, &*event.operation_id, &event.caller), (Version(1), "op-alice", &user("alice")));
}

#[tokio::test]
async fn only_what_changed_is_told() {
    let (events, service) = house();
    set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.unwrap();
    assert_eq!(events.take().len(), 2);
    set_group(&service, &of("bob"), &["bob"], r#""ex": "x""#).await.unwrap();
    assert_eq!(kinds(&events.take(), "bob"), [EventKind::Updated(Field::Ex.into())]);
    set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true, "ex": "x""#).await.unwrap();
    let told = events.take();
    assert_eq!(kinds(&told, "alice"), [EventKind::Updated(Field::Ex.into())]);
    assert_eq!((kinds(&told, "bob"), told.len()), (Vec::new(), 1));
}

#[tokio::test]
async fn an_empty_patch_tells_nothing() {
    let (events, service) = house();
    set_group(&service, &admin(), &["alice"], "").await.unwrap();
    assert_eq!(events.take(), []);
}

#[tokio::test]
async fn a_private_chat_is_told_to_both() {
    let (events, service) = house();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true, "isPinned": true"#).await.unwrap();
    let told = events.take();
    let both = [Field::IsPrivateChat, Field::IsPinned].into_iter().collect();
    assert_eq!(kinds(&told, "alice"), [EventKind::Created(both), private_chat("bob", true)]);
    assert_eq!(kinds(&told, "bob"), [EventKind::Created(PRIVATE), private_chat("alice", true)]);

    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    assert_eq!(events.take(), [], "it is one already");

    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": false"#).await.unwrap();
    let told = events.take();
    assert_eq!(kinds(&told, "alice"), [EventKind::Updated(PRIVATE), private_chat("bob", false)]);
    assert_eq!(kinds(&told, "bob"), [EventKind::Updated(PRIVATE), private_chat("alice", false)]);
}

#[tokio::test]
async fn a_conversation_created_with_private_chat_off_has_turned_nothing_off() {
    let (events, service) = house();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": false"#).await.unwrap();
    let told = events.take();
    assert_eq!(kinds(&told, "alice"), [EventKind::Created(PRIVATE)]);
    assert_eq!(kinds(&told, "bob"), [EventKind::Created(PRIVATE)]);
}

#[tokio::test]
async fn another_setting_of_a_private_chat_is_no_event_of_the_private_chat() {
    let (events, service) = house();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    events.take();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true, "ex": "x""#).await.unwrap();
    let told = events.take();
    assert_eq!(kinds(&told, "alice"), [EventKind::Updated(Field::Ex.into())]);
    assert_eq!(told.len(), 1, "the other party's view did not change");
}
