//! The builder of `set_conversations` accepts and rejects what a client's request does.

use conversation_settings_core::{
    ConversationId, Field, GroupId, Limits, Patch, SetConversations, SetConversationsRequest, Target, UserId,
};
use conversation_settings_testkit::strategies::{conversation_id, patch, target};
use proptest::{prelude::*, sample::select};

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// Few users, so that the peer is often among them and duplicates occur.
fn users() -> impl Strategy<Value = Vec<UserId>> {
    prop::collection::vec(select(&["a", "b", "p"][..]).prop_map(user), 0..4)
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![Just(Target::Single(user("p"))), target()]
}

/// IDs that name two of the users, one of them twice, or nobody.
fn any_id() -> impl Strategy<Value = ConversationId> {
    let named = select(&["si_a_p", "si_b_p", "si_p_p", "room"][..]).prop_map(|id| ConversationId::new(id).unwrap());
    prop_oneof![3 => named, 1 => conversation_id()]
}

/// The fields of `patch` that a client may set.
fn client(patch: &Patch) -> Patch {
    let fields = patch.values().filter(|(field, _)| field.is_client());
    fields.fold(Patch::KEEP, |patch, (field, value)| patch.with(field, value).unwrap())
}

fn request(users: &[UserId], id: &ConversationId, target: &Target, patch: &Patch) -> SetConversationsRequest {
    let mut conversation = serde_json::to_value(patch).unwrap();
    conversation["conversationID"] = id.as_str().into();
    conversation["conversationType"] = target.conversation_type().into();
    conversation["userID"] = target.user_id().map(UserId::as_str).into();
    conversation["groupID"] = target.group_id().map(GroupId::as_str).into();
    serde_json::from_value(serde_json::json!({ "userIDs": users, "conversation": conversation })).unwrap()
}

proptest! {
    #[test]
    fn agrees_with_parsing(users in users(), id in any_id(), target in any_target(), patch in patch()) {
        let patch = client(&patch);
        let parsed = SetConversations::parse(request(&users, &id, &target, &patch), &Limits::default());
        let built = SetConversations::conversation(id, target).users(&users).patch(patch).build();
        prop_assert_eq!(built, parsed);
    }
}

#[test]
fn names_groups_and_single_chats_as_clients_do() {
    let (a, b, team) = (user("a"), user("b"), GroupId::new("team").unwrap());
    let group = SetConversations::group(&team).users([&a]).build().unwrap();
    assert_eq!((group.conversation_id().as_str(), group.target()), ("sg_team", &Target::Group(team)));
    let single = SetConversations::single(&a, &b).users([&a, &b]).build().unwrap();
    assert_eq!(single.conversation_id().as_str(), "si_a_b");
    assert_eq!((single.target_of(&a), single.target_of(&b)), (Target::Single(b), Target::Single(a)));
}

#[test]
fn adds_users_and_composes_patches() {
    let (a, b, team) = (user("a"), user("b"), GroupId::new("team").unwrap());
    let set = SetConversations::group(&team).users([&b]).users([&a, &b]);
    let set = set.patch(Patch::KEEP.is_pinned(true).ex("x")).patch(Patch::KEEP.ex("y")).build().unwrap();
    assert_eq!(set.users(), [b, a]);
    assert_eq!(*set.patch(), Patch::KEEP.is_pinned(true).ex("y"));
}

#[test]
fn rejects_settings_of_the_host() {
    let set = SetConversations::group(&GroupId::new("team").unwrap()).users([&user("a")]);
    for &field in Field::ALL.iter().filter(|field| !field.is_client()) {
        let patch = Patch::KEEP.with(field, conversation_settings_core::Settings::default().value(field)).unwrap();
        let error = set.clone().patch(patch).build().unwrap_err();
        assert_eq!(error.to_string(), format!("conversation.{field}: may be set by the host alone"));
    }
}

#[test]
fn rejects_a_request_without_users_and_a_chat_with_oneself() {
    let error = SetConversations::group(&GroupId::new("team").unwrap()).build().unwrap_err();
    assert_eq!(error.to_string(), "userIDs: must not be empty");
    let alone = SetConversations::single(&user("a"), &user("a")).users([&user("a")]).build().unwrap_err();
    assert!(alone.to_string().starts_with("conversation.userID: must be the other party"), "{alone}");
}
