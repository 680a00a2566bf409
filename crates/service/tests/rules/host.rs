//! The host's own calls.

use std::sync::Arc;

use conversation_settings_core::{
    ConversationId, Field, GroupId, Limits, Mask, Outcome, Patch, RecvMsgOpt, Seq, Target, UserId,
};
use conversation_settings_service::{Affected, Code, EventKind, GroupStatus, Service, ServiceError};
use conversation_settings_store::{ConversationStoreExt, PageRequest};
use conversation_settings_testkit::mocks::MockGroups;

use crate::setup::{Events, admin, create, key, of, service, set_group, user};

fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

fn id(text: &str) -> ConversationId {
    ConversationId::new(text).unwrap()
}

fn outcomes(affected: &[Affected]) -> Vec<(&str, Outcome)> {
    affected.iter().map(|one| (one.key.owner.as_str(), one.outcome)).collect()
}

fn seq(number: i64) -> Seq {
    Seq::try_from(number).unwrap()
}

#[tokio::test]
async fn a_single_chat_is_created_for_both_and_a_second_time_changes_nothing() {
    let (store, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    let first = service.create_single_chat(&admin(), &user("bob"), &user("alice")).await.unwrap();
    assert_eq!(outcomes(&first), [("alice", Outcome::Created), ("bob", Outcome::Created)]);
    for (owner, peer) in [("alice", "bob"), ("bob", "alice")] {
        let view = store.get_one(key(owner, "si_alice_bob")).await.unwrap().unwrap();
        assert_eq!(view.target, Target::Single(user(peer)));
    }
    assert!(events.take().iter().all(|event| event.kind == EventKind::Created(Mask::EMPTY)));
    let second = service.create_single_chat(&admin(), &user("alice"), &user("bob")).await.unwrap();
    assert_eq!(outcomes(&second), [("alice", Outcome::Unchanged), ("bob", Outcome::Unchanged)]);
    assert_eq!(events.take(), []);
    let alone = service.create_single_chat(&admin(), &user("bob"), &user("bob")).await.unwrap_err();
    assert_eq!((alone.code(), alone.to_string()), (Code::Args, "userID: must be the other party".to_owned()));
}

#[tokio::test]
async fn a_group_s_conversation_is_created_for_new_members_and_opened_again_for_old_ones() {
    let (store, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_team"]).await;
    let (team, members) = (GroupId::new("team").unwrap(), users(&["bob", "alice", "bob"]));
    service.set_max_seq(&admin(), &id("sg_team"), &members, seq(9)).await.unwrap();
    let opened = service.open_group_conversation(&admin(), &team, &members).await.unwrap();
    let reopened = Outcome::Updated(Field::MaxSeq.into());
    assert_eq!(outcomes(&opened), [("alice", reopened), ("bob", Outcome::Created)]);
    let alices = store.get_one(key("alice", "sg_team")).await.unwrap().unwrap();
    assert_eq!((alices.settings.max_seq, &*alices.settings.ex), (Seq::ZERO, "x"), "the rest is as it was");
}

#[tokio::test]
async fn a_group_that_is_not_there_is_not_opened() {
    let mut groups = MockGroups::new();
    groups.expect_status().returning(|_, _| Ok(GroupStatus::Dismissed));
    let (store, service) = service();
    let service = service.groups(Arc::new(groups)).build();
    let team = GroupId::new("team").unwrap();
    let error = service.open_group_conversation(&admin(), &team, &users(&["alice"])).await.unwrap_err();
    assert_eq!(error.code(), Code::DismissedAlready);
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_none());
}

#[tokio::test]
async fn fields_are_set_and_read_for_those_who_have_the_conversation() {
    let (_, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    create(&service, "alice", &["sg_team"]).await;
    create(&service, "bob", &["sg_team"]).await;
    events.take();
    let owners = users(&["bob", "carol", "alice"]);
    let seqs = service.set_min_seq(&admin(), &id("sg_team"), &owners, seq(5)).await.unwrap();
    let changed = Outcome::Updated(Field::MinSeq.into());
    assert_eq!(outcomes(&seqs), [("alice", changed), ("bob", changed), ("carol", Outcome::Absent)]);
    assert_eq!(events.take().len(), 2);
    let mask = [Field::MinSeq, Field::Ex].into_iter().collect();
    let read = service.get_fields(&admin(), &id("sg_team"), &owners, mask).await.unwrap();
    let both = Patch::KEEP.min_seq(seq(5)).ex("x");
    assert_eq!(read, [Some(both.clone()), None, Some(both.clone())]);
    let again = service.set_fields(&admin(), &id("sg_team"), &owners[..1], both).await.unwrap();
    assert_eq!(outcomes(&again), [("bob", Outcome::Unchanged)], "what was read is set again without a change");
}

#[tokio::test]
async fn private_chat_is_set_for_both_or_not_at_all() {
    let (_, service) = service();
    let service = service.build();
    let patch = Patch::KEEP.is_private_chat(true);
    let error = service.set_fields(&admin(), &id("si_alice_bob"), &users(&["alice"]), patch).await.unwrap_err();
    let text = "conversation.isPrivateChat: is shared by both parties, and set for both by set_conversations";
    assert_eq!((error.code(), error.to_string()), (Code::Args, text.to_owned()));
}

#[tokio::test]
async fn a_conversation_is_removed_for_many_and_told() {
    let (store, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    set_group(&service, &admin(), &["alice", "bob"], r#""ex": "x""#).await.unwrap();
    events.take();
    let removed = service.remove_conversation(&admin(), &id("sg_team"), &users(&["bob", "carol"])).await.unwrap();
    assert_eq!(outcomes(&removed), [("bob", Outcome::Removed), ("carol", Outcome::Absent)]);
    let [event] = &events.take()[..] else { panic!("one was there") };
    assert_eq!((&event.owner, &event.kind, event.version.0), (&user("bob"), &EventKind::Removed, 2));
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_some());
}

#[tokio::test]
async fn who_mutes_is_told_page_by_page() {
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

/// What each call answers a caller with these users.
async fn all(
    service: &Service,
    context: &conversation_settings_service::Context,
    users: &[UserId],
) -> Vec<Option<ServiceError>> {
    let (conversation, team) = (id("sg_team"), GroupId::new("team").unwrap());
    let mute = Patch::KEEP.recv_msg_opt(RecvMsgOpt::DoNotReceive);
    vec![
        service.open_group_conversation(context, &team, users).await.err(),
        service.set_min_seq(context, &conversation, users, Seq::ZERO).await.err(),
        service.set_max_seq(context, &conversation, users, Seq::ZERO).await.err(),
        service.set_fields(context, &conversation, users, mute).await.err(),
        service.get_fields(context, &conversation, users, Mask::ALL).await.err(),
        service.remove_conversation(context, &conversation, users).await.err(),
    ]
}

#[tokio::test]
async fn they_are_for_admins_alone() {
    let (_, service) = service();
    let service = service.build();
    let mut refused = all(&service, &of("alice"), &users(&["alice"])).await;
    refused.push(service.create_single_chat(&of("alice"), &user("alice"), &user("bob")).await.err());
    refused.push(service.list_muting_users(&of("alice"), &id("sg_team"), &PageRequest::first(1)).await.err());
    let codes: Vec<_> = refused.iter().map(|error| error.as_ref().map(ServiceError::code)).collect();
    assert_eq!(codes, [Some(Code::NoPermission); 8]);
}

#[tokio::test]
async fn their_users_are_bounded() {
    let (_, service) = service();
    let service = service.limits(Limits { max_users: 2, max_text_bytes: 2 }).build();
    assert_eq!(*service.limits(), Limits { max_users: 2, max_text_bytes: 2 });
    for (names, problem) in [(&[][..], "must not be empty"), (&["a", "b", "c"], "must have at most 2 entries, got 3")] {
        for error in all(&service, &admin(), &users(names)).await {
            let error = error.unwrap();
            assert_eq!((error.code(), error.to_string()), (Code::Args, format!("userIDs: {problem}")));
        }
    }
    assert!(all(&service, &admin(), &users(&["a", "b"])).await.iter().all(Option::is_none));
    let long = service.set_fields(&admin(), &id("sg_team"), &users(&["a"]), Patch::KEEP.ex("123")).await.unwrap_err();
    assert_eq!(long.to_string(), "conversation.ex: must be at most 2 bytes, got 3");
}
