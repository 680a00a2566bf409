//! The host's own calls.

use std::sync::Arc;

use conversation_settings_core::{
    Change, Field, Limits, Mask, Missing, Outcome, Patch, RecvMsgOpt, Report, Seq, Target, UserId, Write, WriteBatch,
};
use conversation_settings_service::testing::MockGroups;
use conversation_settings_service::{Context, EventKind, GroupStatus, Service, ServiceError};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, PageRequest};

use crate::setup::{Events, NOW, admin, create, id, key, of, service, set_group, team, user, users};

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    report.entries.iter().map(|entry| (entry.user.as_str(), entry.outcome)).collect()
}

fn seq(number: i64) -> Seq {
    Seq::try_from(number).unwrap()
}

#[tokio::test]
async fn creates_a_single_chat_for_both_once() {
    let (store, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    let first = service.create_single_chat(&admin(), &user("bob"), &user("alice")).await.unwrap();
    assert_eq!(outcomes(&first), [("alice", Outcome::Created), ("bob", Outcome::Created)]);
    for (owner, peer) in [("alice", "bob"), ("bob", "alice")] {
        let view = store.get_one(key(owner, "si_alice_bob")).await.unwrap().unwrap();
        assert_eq!(view.target, Target::Single(user(peer)));
    }
    assert!(events.take().await.iter().all(|event| event.kind == EventKind::Created(Mask::EMPTY)));
    let second = service.create_single_chat(&admin(), &user("alice"), &user("bob")).await.unwrap();
    assert_eq!(outcomes(&second), [("alice", Outcome::Unchanged), ("bob", Outcome::Unchanged)]);
    assert_eq!(events.take().await, []);
    let alone = service.create_single_chat(&admin(), &user("bob"), &user("bob")).await.unwrap_err();
    assert!(matches!(alone, ServiceError::Args(_)));
    assert_eq!(alone.to_string(), "userID: must be the other party");
}

#[tokio::test]
async fn opens_a_group_for_new_and_former_members() {
    let (store, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_team"]).await;
    let members = users(&["bob", "alice", "bob"]);
    service.set_fields(&admin(), &id("sg_team"), &members, Patch::KEEP.max_seq(seq(9))).await.unwrap();
    let opened = service.open_group_conversation(&admin(), &team(), &members).await.unwrap();
    let reopened = Outcome::Updated(Field::MaxSeq.into());
    assert_eq!(outcomes(&opened), [("alice", reopened), ("bob", Outcome::Created)]);
    let alices = store.get_one(key("alice", "sg_team")).await.unwrap().unwrap();
    assert_eq!((alices.settings.max_seq, &*alices.settings.ex), (Seq::ZERO, "x"), "other settings stay");
}

#[tokio::test]
async fn creates_nothing_with_white_space_around_an_id() {
    let (store, service) = service();
    let service = service.build();
    let members = users(&["alice", "bob "]);
    let error = service.open_group_conversation(&admin(), &team(), &members).await.unwrap_err();
    let expected = "userIDs: must not begin or end with white space, got \"bob \"";
    assert_eq!(error.to_string(), expected);
    assert!(matches!(error, ServiceError::Args(_)));
    let error = service.create_single_chat(&admin(), &user("alice"), &user("bob ")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "conversation.conversationID: must not begin or end with white space, got \"si_alice_bob \""
    );
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_none(), "nothing is written for anybody");

    // A member who has it already is reopened.
    let missing = Missing::CreateEvenIfEmpty(Target::Group(team()));
    let change = Arc::new(Change::Set { patch: Patch::KEEP, missing });
    let batch = WriteBatch::new([Write { key: key("bob ", "sg_team"), change }].into()).unwrap();
    store.apply(&batch, NOW).await.unwrap();
    let opened = service.open_group_conversation(&admin(), &team(), &members).await.unwrap();
    assert_eq!(outcomes(&opened), [("alice", Outcome::Created), ("bob ", Outcome::Unchanged)]);
    let removed = service.remove(&admin(), &user("bob "), &[id("sg_team")]).await.unwrap();
    assert_eq!(outcomes(&removed), [("bob ", Outcome::Removed)]);
}

#[tokio::test]
async fn does_not_open_a_dismissed_group() {
    let mut groups = MockGroups::new();
    groups.expect_status().returning(|_, _| Ok(GroupStatus::Dismissed));
    let (store, service) = service();
    let service = service.groups(Arc::new(groups)).build();
    let error = service.open_group_conversation(&admin(), &team(), &users(&["alice"])).await.unwrap_err();
    assert!(matches!(error, ServiceError::DismissedGroup(_)));
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_none());
}

#[tokio::test]
async fn sets_and_reads_fields_of_existing_conversations() {
    let (_, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    create(&service, "alice", &["sg_team"]).await;
    create(&service, "bob", &["sg_team"]).await;
    events.take().await;
    let owners = users(&["bob", "carol", "alice"]);
    let seqs = service.set_fields(&admin(), &id("sg_team"), &owners, Patch::KEEP.min_seq(seq(5))).await.unwrap();
    let changed = Outcome::Updated(Field::MinSeq.into());
    assert_eq!(outcomes(&seqs), [("alice", changed), ("bob", changed), ("carol", Outcome::Absent)]);
    assert_eq!(events.take().await.len(), 2);
    let mask = [Field::MinSeq, Field::Ex].into_iter().collect();
    let read = service.get_fields(&admin(), &id("sg_team"), &owners, mask).await.unwrap();
    let both = Patch::KEEP.min_seq(seq(5)).ex("x");
    assert_eq!(read, [Some(both.clone()), None, Some(both.clone())]);
    let again = service.set_fields(&admin(), &id("sg_team"), &owners[..1], both).await.unwrap();
    assert_eq!(outcomes(&again), [("bob", Outcome::Unchanged)], "writing back what was read is a no-op");
}

#[tokio::test]
async fn rejects_private_chat_among_the_fields() {
    let (_, service) = service();
    let service = service.build();
    let patch = Patch::KEEP.is_private_chat(true);
    let error = service.set_fields(&admin(), &id("si_alice_bob"), &users(&["alice"]), patch).await.unwrap_err();
    let text = "conversation.isPrivateChat: is shared by both parties, and set for both by set_conversations";
    assert!(matches!(error, ServiceError::Args(_)));
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn removes_a_conversation_for_many_and_emits_it() {
    let (store, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    set_group(&service, &admin(), &["alice", "bob"], r#""ex": "x""#).await.unwrap();
    events.take().await;
    let removed = service.remove_conversation(&admin(), &id("sg_team"), &users(&["bob", "carol"])).await.unwrap();
    assert_eq!(outcomes(&removed), [("bob", Outcome::Removed), ("carol", Outcome::Absent)]);
    let [event] = &events.take().await[..] else { panic!("one was there") };
    assert_eq!((&event.owner, &event.kind, event.version.0), (&user("bob"), &EventKind::Removed, 2));
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_some());
}

#[tokio::test]
async fn lists_muting_users_page_by_page() {
    let (_, service) = service();
    let service = service.build();
    set_group(&service, &admin(), &["a", "b", "c", "d"], r#""recvMsgOpt": 1"#).await.unwrap();
    set_group(&service, &admin(), &["b"], r#""recvMsgOpt": 0"#).await.unwrap();
    set_group(&service, &admin(), &["d"], r#""recvMsgOpt": 2"#).await.unwrap();
    let first = service.list_muting_users(&admin(), &id("sg_team"), &PageRequest::first(2)).await.unwrap();
    assert_eq!((first.users, &first.next), (users(&["a", "c"]), &Some(user("c"))));
    let rest =
        service.list_muting_users(&admin(), &id("sg_team"), &PageRequest::after(first.next.unwrap(), 2)).await.unwrap();
    assert_eq!((rest.users, rest.next), (users(&["d"]), None));
}

/// The error of each call with these users.
async fn all(service: &Service, context: &Context, users: &[UserId]) -> Vec<Option<ServiceError>> {
    let conversation = id("sg_team");
    let mute = Patch::KEEP.recv_msg_opt(RecvMsgOpt::DoNotReceive);
    vec![
        service.open_group_conversation(context, &team(), users).await.err(),
        service.set_fields(context, &conversation, users, Patch::KEEP.min_seq(Seq::ZERO)).await.err(),
        service.set_fields(context, &conversation, users, mute).await.err(),
        service.get_fields(context, &conversation, users, Mask::ALL).await.err(),
        service.remove_conversation(context, &conversation, users).await.err(),
    ]
}

#[tokio::test]
async fn rejects_callers_who_are_not_admins() {
    let (_, service) = service();
    let service = service.build();
    let mut refused = all(&service, &of("alice"), &users(&["alice"])).await;
    refused.push(service.create_single_chat(&of("alice"), &user("alice"), &user("bob")).await.err());
    refused.push(service.list_muting_users(&of("alice"), &id("sg_team"), &PageRequest::first(1)).await.err());
    assert_eq!(refused.len(), 7);
    for error in refused {
        assert!(matches!(error, Some(ServiceError::NoPermission { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn limits_the_users_of_a_call() {
    let (_, service) = service();
    let limits = Limits::default().max_users(2).max_text_bytes(2);
    let service = service.limits(limits).build();
    assert_eq!(*service.limits(), limits);
    for (names, problem) in [(&[][..], "must not be empty"), (&["a", "b", "c"], "must have at most 2 entries, got 3")] {
        for error in all(&service, &admin(), &users(names)).await {
            let error = error.unwrap();
            assert!(matches!(error, ServiceError::Args(_)));
            assert_eq!(error.to_string(), format!("userIDs: {problem}"));
        }
    }
    assert!(all(&service, &admin(), &users(&["a", "b"])).await.iter().all(Option::is_none));
    let long = service.set_fields(&admin(), &id("sg_team"), &users(&["a"]), Patch::KEEP.ex("123")).await.unwrap_err();
    assert_eq!(long.to_string(), "conversation.ex: must be at most 2 bytes, got 3");
}
