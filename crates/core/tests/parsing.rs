//! Which requests `set_conversations` accepts, and how it rejects others.

use conversation_settings_core::{
    ConversationId, Field, Kind, Limits, SetConversations, SetConversationsRequest, Target, UserId,
};
use serde_json::{Value, json};

fn group() -> Value {
    json!({ "userIDs": ["a", "b"], "conversation":
        { "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true } })
}

fn single() -> Value {
    json!({ "userIDs": ["a"], "conversation":
        { "conversationID": "si_a_p", "conversationType": 1, "userID": "p", "isPinned": true } })
}

/// `request` with the value at `pointer` replaced.
fn with(mut request: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    request.pointer_mut(parent).unwrap()[name] = value;
    request
}

fn without(mut request: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    request.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    request
}

fn parse(request: Value) -> Result<SetConversations, String> {
    let request: SetConversationsRequest = serde_json::from_value(request).map_err(|error| error.to_string())?;
    SetConversations::parse(request, &Limits::default()).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(request: Value) -> String {
    parse(request).expect_err("must be refused")
}

#[test]
fn parses_users_conversation_and_settings() {
    let set = parse(group()).unwrap();
    assert_eq!(set.users().iter().map(UserId::as_str).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(set.conversation_id().as_str(), "sg_g");
    assert_eq!(set.target().group_id().unwrap().as_str(), "g");
    assert_eq!(set.mask(), Field::IsPinned.into());
}

#[test]
fn keeps_absent_and_null_fields_and_sets_zero_and_empty() {
    for &field in Field::ALL.iter().filter(|field| field.is_client()) {
        let pointer = format!("/conversation/{field}");
        let zero = match field.kind() {
            Kind::Bool => json!(false),
            Kind::I32 | Kind::I64 | Kind::Timestamp => json!(0),
            Kind::Text => json!(""),
            Kind::Custom => json!({}),
        };
        let kept = parse(with(single(), &pointer, Value::Null)).unwrap();
        assert!(!kept.mask().contains(field), "{field}: null keeps");
        let set = parse(with(single(), &pointer, zero)).unwrap();
        assert!(set.mask().contains(field), "{field}: zero and empty set");
    }
}

#[test]
fn rejects_another_type_in_every_field() {
    for &field in Field::ALL.iter().filter(|field| field.is_client()) {
        let wrong: &[Value] = match field.kind() {
            Kind::Bool => &[
                json!(2),
                json!(-1),
                json!(1.0),
                json!(0.0),
                json!(-0.0),
                json!("true"),
                json!("1"),
                json!([]),
                json!({}),
            ],
            Kind::I32 => &[json!("1"), json!(1.5), json!(true), json!({ "value": 1 }), json!(2_147_483_648_i64)],
            Kind::I64 | Kind::Timestamp => &[json!("1"), json!(1.0), json!(true), json!([1]), json!(u64::MAX)],
            Kind::Text => &[json!(1), json!(false), json!(["x"]), json!({ "value": "x" })],
            Kind::Custom => &[json!(1), json!(false), json!("x"), json!([1]), json!({ "a": [] }), json!({ "a": 0.5 })],
        };
        for wrong in wrong {
            refused(with(single(), &format!("/conversation/{field}"), wrong.clone()));
        }
    }
}

#[test]
fn accepts_0_and_1_as_booleans() {
    for &field in Field::ALL.iter().filter(|field| field.is_client() && field.kind() == Kind::Bool) {
        let pointer = format!("/conversation/{field}");
        for (number, value) in [(0, false), (1, true)] {
            let set = parse(with(single(), &pointer, json!(number))).unwrap();
            assert_eq!(set, parse(with(single(), &pointer, json!(value))).unwrap(), "{field}");
            assert_eq!(set.patch().value(field), Some(conversation_settings_core::Value::Bool(value)), "{field}");
        }
    }
}

#[test]
fn rejects_numbers_below_the_range_of_every_field() {
    for &field in Field::ALL.iter().filter(|field| field.is_client()) {
        if matches!(field.kind(), Kind::I32 | Kind::I64) {
            let error = refused(with(single(), &format!("/conversation/{field}"), json!(-1)));
            assert!(error.starts_with(&format!("conversation.{field}: must be ")), "{error}");
            assert!(error.ends_with(", got -1"), "{error}");
        }
    }
}

#[test]
fn ignores_settings_that_a_client_may_not_set() {
    for &field in Field::ALL.iter().filter(|field| !field.is_client()) {
        let set = parse(with(single(), &format!("/conversation/{field}"), json!("whatever"))).unwrap();
        assert_eq!(set.mask(), Field::IsPinned.into(), "{field}");
    }
}

#[test]
fn rejects_numbers_without_a_meaning() {
    let error = refused(with(single(), "/conversation/recvMsgOpt", json!(99)));
    assert_eq!(error, "conversation.recvMsgOpt: must be one of 0, 1, 2, got 99");
    let error = refused(with(single(), "/conversation/groupAtType", json!(5)));
    assert_eq!(error, "conversation.groupAtType: must be one of 0, 1, 2, 3, 4, got 5");
}

#[test]
fn requires_users_with_valid_ids() {
    assert_eq!(refused(without(group(), "/userIDs")), "userIDs: is required");
    assert_eq!(refused(with(group(), "/userIDs", Value::Null)), "userIDs: is required");
    assert_eq!(refused(with(group(), "/userIDs", json!([]))), "userIDs: must not be empty");
    assert_eq!(refused(with(group(), "/userIDs", json!(["a", ""]))), "userIDs[1]: must not be empty");
    assert_eq!(
        refused(with(group(), "/userIDs", json!(["a\u{0}"]))),
        "userIDs[0]: must not contain control characters, found one at byte 1"
    );
    assert_eq!(
        refused(with(group(), "/userIDs", json!(["x".repeat(100_000)]))),
        "userIDs[0]: must be at most 256 bytes, got 100000"
    );
}

#[test]
fn counts_duplicate_users_towards_the_limit() {
    let users = |n| with(group(), "/userIDs", json!(vec!["a"; n]));
    assert_eq!(parse(users(10_000)).unwrap().users().len(), 1);
    assert_eq!(refused(users(10_001)), "userIDs: must have at most 10000 entries, got 10001");
}

#[test]
fn collapses_duplicate_users_to_the_first() {
    let set = parse(with(group(), "/userIDs", json!(["c", "a", "c", "b", "a"]))).unwrap();
    assert_eq!(set.users().iter().map(UserId::as_str).collect::<Vec<_>>(), ["c", "a", "b"]);
}

#[test]
fn requires_the_conversation_and_its_id() {
    assert_eq!(refused(without(group(), "/conversation")), "conversation: is required");
    assert_eq!(refused(without(group(), "/conversation/conversationID")), "conversation.conversationID: is required");
    assert_eq!(
        refused(with(group(), "/conversation/conversationID", json!(""))),
        "conversation.conversationID: must not be empty"
    );
}

#[test]
fn requires_the_conversation_to_be_an_object() {
    assert_eq!(refused(with(group(), "/conversation", Value::Null)), "conversation: is required");
    for wrong in [json!([]), json!(["sg_g", 3, null, "g"]), json!("sg_g"), json!(3), json!(true)] {
        let error = refused(with(group(), "/conversation", wrong));
        assert!(error.starts_with("conversation: must be an object, got "), "{error}");
    }
}

#[test]
fn requires_one_of_four_types_with_its_target() {
    let typed = |kind: Value| with(group(), "/conversation/conversationType", kind);
    assert_eq!(refused(typed(Value::Null)), "conversation.conversationType: is required");
    for wrong in [0, 5, 99, -1] {
        let expected = format!("conversation.conversationType: must be one of 1, 2, 3, 4, got {wrong}");
        assert_eq!(refused(typed(json!(wrong))), expected);
    }
    assert!(matches!(parse(typed(json!(2))).unwrap().target(), Target::OldGroup(_)));
    for kind in [1, 4] {
        assert_eq!(refused(typed(json!(kind))), "conversation.userID: is required");
    }
    for kind in [2, 3] {
        let request = with(single(), "/conversation/conversationType", json!(kind));
        assert_eq!(refused(request), "conversation.groupID: is required");
    }
    let account = with(single(), "/conversation/conversationType", json!(4));
    assert!(matches!(parse(account).unwrap().target(), Target::Notification(_)));
}

#[test]
fn ignores_the_irrelevant_one_of_user_and_group() {
    let set = parse(with(group(), "/conversation/userID", json!("\u{7}"))).unwrap();
    assert_eq!(set.target().user_id(), None);
    let set = parse(with(single(), "/conversation/groupID", json!(""))).unwrap();
    assert_eq!(set.target().group_id(), None);
}

#[test]
fn accepts_private_chat_only_in_a_single_chat() {
    let error = refused(with(group(), "/conversation/isPrivateChat", json!(true)));
    assert_eq!(error, "conversation.isPrivateChat: may be true only in a single chat (conversationType 1)");
    assert!(parse(with(group(), "/conversation/isPrivateChat", json!(false))).is_ok());
    assert!(parse(with(single(), "/conversation/isPrivateChat", json!(true))).is_ok());
}

#[test]
fn accepts_text_up_to_the_limit() {
    for &field in Field::ALL.iter().filter(|field| field.kind() == Kind::Text) {
        let of = |bytes: usize| with(single(), &format!("/conversation/{field}"), json!("x".repeat(bytes)));
        assert!(parse(of(65_536)).is_ok());
        assert_eq!(refused(of(65_537)), format!("conversation.{field}: must be at most 65536 bytes, got 65537"));
    }
}

#[test]
fn keeps_ids_and_text_as_they_are() {
    let ex = "$set 'quoted' \"🦀\" \u{0}\u{1f}";
    let request = with(group(), "/conversation/ex", json!(ex));
    let set = parse(with(request, "/conversation/conversationID", json!("$where '\"🦀"))).unwrap();
    assert_eq!(set.patch().ex.as_deref(), Some(ex));
    assert_eq!(*set.conversation_id(), ConversationId::new("$where '\"🦀").unwrap());
}

#[test]
fn rejects_a_single_chat_of_unknown_parties_if_the_peer_is_written() {
    let to_oneself = with(single(), "/userIDs", json!(["p"]));
    let opaque = with(to_oneself, "/conversation/conversationID", json!("room-7"));
    let expected = "conversation.userID: must be the other party: conversationID and userIDs do not show who this \
                    user chats with";
    assert_eq!(refused(opaque), expected);
    let three = with(single(), "/userIDs", json!(["a", "b"]));
    let opaque = with(three, "/conversation/conversationID", json!("room-7"));
    assert!(parse(opaque.clone()).is_ok(), "nothing of the peer's is written");
    assert_eq!(refused(with(opaque, "/conversation/isPrivateChat", json!(true))), expected);
}

#[test]
fn shows_the_peer_the_other_participant_and_others_the_peer() {
    let set = parse(with(single(), "/userIDs", json!(["a", "p"]))).unwrap();
    let seen_by = |user: &str| set.target_of(&UserId::new(user).unwrap());
    assert_eq!(seen_by("a"), Target::Single(UserId::new("p").unwrap()));
    assert_eq!(seen_by("p"), Target::Single(UserId::new("a").unwrap()));
    assert_eq!(seen_by("stranger"), Target::Single(UserId::new("p").unwrap()));
}

#[test]
fn takes_the_only_other_user_for_the_participant_if_the_id_names_none() {
    let room = with(with(single(), "/conversation/conversationID", json!("room")), "/userIDs", json!(["a", "p"]));
    let set = parse(room.clone()).unwrap();
    assert_eq!(set.target_of(&UserId::new("p").unwrap()), Target::Single(UserId::new("a").unwrap()));
    let refusal = "conversation.userID: must be the other party: conversationID and userIDs do not show who this user \
                   chats with";
    assert_eq!(refused(with(room, "/userIDs", json!(["a", "b", "p"]))), refusal);
    let itself = with(with(single(), "/conversation/conversationID", json!("si_p_p")), "/userIDs", json!(["p"]));
    assert_eq!(refused(itself), refusal, "a user has no chat with itself");
}

#[test]
fn limits_what_a_request_stores_for_all_users_together() {
    let of = |users: usize, limits: &Limits| {
        let users: Vec<_> = (0..users).map(|n| format!("u{n}")).collect();
        let mut request = with(group(), "/userIDs", json!(users));
        request["conversation"]["ex"] = json!("é".repeat(4));
        request["conversation"]["attachedInfo"] = json!("xx");
        let request: SetConversationsRequest = serde_json::from_value(request).unwrap();
        SetConversations::parse(request, limits).map_err(|error| error.to_string())
    };
    let limits = Limits::default().max_batch_bytes(100);
    let set = of(10, &limits).expect("100 bytes are accepted");
    let too_large =
        "userIDs: must store at most 100 bytes of ex, attachedInfo and custom for all users together, got 110";
    assert_eq!(of(11, &limits).unwrap_err(), too_large);
    assert!(limits.check(&set).is_ok());
    let error = Limits::default().max_batch_bytes(99).check(&set).unwrap_err();
    assert!(
        error.to_string().ends_with("at most 99 bytes of ex, attachedInfo and custom for all users together, got 100")
    );
    assert_eq!((limits.users_per_batch(set.patch()), Limits::default().users_per_batch(set.patch())), (10, 10_000));
    assert_eq!(limits.max_batch_bytes(9).users_per_batch(set.patch()), 1, "one user is always possible");

    // The default accepts the longest text for a thousand users, and any number of users without text.
    let of = |users: usize, ex: usize| {
        let patch = conversation_settings_core::Patch::KEEP.ex("x".repeat(ex)).is_pinned(true);
        Limits::default().check_batch("userIDs", users, &patch).is_ok()
    };
    assert_eq!(
        [of(1_024, 65_536), of(1_025, 65_536), of(10_000, 6_710), of(10_000, 6_711)],
        [true, false, true, false]
    );
    assert!(of(usize::MAX, 0) && !of(usize::MAX, 2));
}
