//! Calls that take one batch or several, under a store that fails.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{Key, Limits, Outcome, Report};
use conversation_settings_service::testing::MockClock;
use conversation_settings_service::{Event, Service, ServiceError};
use conversation_settings_store::ConversationStoreExt;
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};

use crate::{
    remove::messages,
    setup::{Events, NOW, admin, create, key, key_of, service, set, user},
};

/// A service with room for one user in a batch, over a store whose writes fail as planned, and the events it emits.
fn faulty(memory: &Arc<MemoryStore>, faults: impl IntoIterator<Item = Fault>) -> (Service, Arc<Events>) {
    let store = FaultyStore::new(memory.clone()).writes(FaultPlan::script(faults));
    let events = Arc::new(Events::default());
    let mut clock = MockClock::new();
    clock.expect_now().return_const(NOW);
    let service = Service::builder(store)
        .clock(Arc::new(clock))
        .events(events.clone())
        .messages(messages(&[("sg_a", 1_000), ("sg_b", 1_000), ("sg_c", 1_000)]))
        .limits(Limits::default().max_users(1))
        .build();
    (service, events)
}

fn keys(report: &Report) -> Vec<Key> {
    report.entries.iter().map(key_of).collect()
}

fn changed(events: &[Event]) -> Vec<Key> {
    events.iter().map(|event| Key::new(event.owner.clone(), event.conversation_id.clone())).collect()
}

#[track_caller]
fn written(error: ServiceError) -> Report {
    assert!(error.is_retryable());
    let ServiceError::Partial { written, source } = error else { panic!("{error:?}") };
    assert!(matches!(*source, ServiceError::Store(_)), "{source:?}");
    written
}

#[tokio::test]
async fn reports_what_was_removed_before_a_failure() {
    let (memory, plain) = service();
    let plain = plain.build();
    create(&plain, "alice", &["sg_a", "sg_b", "sg_c"]).await;
    let (service, events) = faulty(&memory, [Fault::None, Fault::FailBefore]);
    let (context, alice) = (admin(), user("alice"));
    let remove = async || service.remove_older_than(&context, &alice, Duration::ZERO).await;

    let error = remove().await.unwrap_err();
    assert_eq!(error.to_string(), "the call failed after 1 of its changes were written");
    assert_eq!(keys(&written(error)), [key("alice", "sg_a")]);
    assert_eq!(changed(&events.take().await), [key("alice", "sg_a")], "what was written is emitted");
    assert_eq!(memory.get_one(key("alice", "sg_a")).await.unwrap(), None);
    assert!(memory.get_one(key("alice", "sg_b")).await.unwrap().is_some());

    let rest = remove().await.unwrap();
    assert_eq!(keys(&rest), [key("alice", "sg_b"), key("alice", "sg_c")]);
}

#[tokio::test]
async fn reports_which_peers_were_set_before_a_failure() {
    let (memory, plain) = service();
    let plain = plain.build();
    for peer in ["bob", "carol"] {
        plain.create_single_chat(&admin(), &user("alice"), &user(peer)).await.unwrap();
    }
    let (service, events) = faulty(&memory, [Fault::None, Fault::Conflict]);
    let (context, alice) = (admin(), user("alice"));
    let set = async || service.set_ex_for_peers(&context, &alice, "new".into()).await;

    let report = written(set().await.unwrap_err());
    assert_eq!(keys(&report), [key("bob", "si_alice_bob")]);
    assert_eq!(changed(&events.take().await), keys(&report));
    let report = set().await.unwrap();
    let outcomes: Vec<_> = report.entries.iter().map(|entry| entry.outcome.is_change()).collect();
    assert_eq!(outcomes, [false, true], "a repeated call changes what is left");
}

#[tokio::test]
async fn fails_without_a_part_if_the_first_batch_fails() {
    let (memory, plain) = service();
    let plain = plain.build();
    create(&plain, "alice", &["sg_a", "sg_b"]).await;
    let (service, events) = faulty(&memory, [Fault::FailBefore]);
    let error = service.remove_older_than(&admin(), &user("alice"), Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, ServiceError::Store(_)), "{error:?}");
    assert_eq!(events.take().await, []);
}

#[tokio::test]
async fn creates_a_single_chat_in_one_batch_whatever_the_limit() {
    let memory = Arc::new(MemoryStore::new());
    // A second batch would fail.
    let (service, _) = faulty(&memory, [Fault::None, Fault::FailBefore]);
    let report = service.create_single_chat(&admin(), &user("bob"), &user("alice")).await.unwrap();
    assert_eq!(keys(&report), [key("alice", "si_alice_bob"), key("bob", "si_alice_bob")]);
    assert!(report.entries.iter().all(|entry| entry.outcome == Outcome::Created));

    let (service, events) = faulty(&memory, [Fault::FailBefore]);
    let error = service.create_single_chat(&admin(), &user("carol"), &user("dave")).await.unwrap_err();
    assert!(matches!(error, ServiceError::Store(_)), "{error:?}");
    assert_eq!(events.take().await, []);
    for owner in ["carol", "dave"] {
        assert_eq!(memory.get_one(key(owner, "si_carol_dave")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn sets_private_chat_for_both_in_one_batch_whatever_the_limit() {
    let memory = Arc::new(MemoryStore::new());
    let (service, _) = faulty(&memory, [Fault::None, Fault::FailBefore]);
    let single = r#""conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob""#;
    let report = set(&service, &admin(), &["alice"], single, r#""isPrivateChat": true"#).await.unwrap();
    assert_eq!(keys(&report), [key("alice", "si_alice_bob"), key("bob", "si_alice_bob")]);
}
