//! Who may do what.

use conversation_settings_service::{Caller, Code, ServiceError};
use conversation_settings_store::ConversationStoreExt;

use crate::setup::{admin, key, of, service, set, set_group, set_single, text, user};

fn is_refused<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> bool {
    matches!(result, Err(error) if error.code() == Code::NoPermission)
}

#[tokio::test]
async fn an_admin_may_set_anybody_and_a_user_only_themselves() {
    let (store, service) = service();
    let service = service.build();
    assert!(set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.is_ok());
    assert!(set_group(&service, &of("alice"), &["alice"], r#""isPinned": false"#).await.is_ok());
    assert!(is_refused(set_group(&service, &of("alice"), &["alice", "bob"], r#""isPinned": false"#).await));
    assert!(is_refused(set_group(&service, &of("alice"), &["bob"], r#""isPinned": false"#).await));
    let bobs = store.get_one(key("bob", "sg_team")).await.unwrap().unwrap();
    assert!(bobs.settings.is_pinned, "nothing was written");
}

#[tokio::test]
async fn a_user_sets_private_chat_only_in_the_single_chat_of_the_two() {
    let (store, service) = service();
    let service = service.build();
    let private = r#""isPrivateChat": true"#;
    assert!(set_single(&service, &of("alice"), &["alice"], private).await.is_ok());

    let strangers = set_single(&service, &of("mallory"), &["mallory"], private).await;
    assert!(is_refused(strangers), "mallory is no party of si_alice_bob");
    let other_names = r#""conversationID": "room", "conversationType": 1, "userID": "bob""#;
    let by_user = set(&service, &of("alice"), &["alice"], other_names, private).await;
    assert!(is_refused(by_user), "whose single chat a room is cannot be told");
    assert!(store.get_one(key("bob", "room")).await.unwrap().is_none());
    assert!(set(&service, &admin(), &["alice"], other_names, private).await.is_ok(), "an admin may");
    assert!(
        set(&service, &of("alice"), &["alice"], other_names, r#""isPinned": true"#).await.is_ok(),
        "the rest is theirs"
    );
}

#[tokio::test]
async fn reading_is_for_the_owner_and_for_admins() {
    let (_, service) = service();
    let service = service.build();
    set_group(&service, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap();
    for (context, may) in [(admin(), true), (of("alice"), true), (of("bob"), false)] {
        let one = service.get_conversation(&context, text("alice"), text("sg_team")).await;
        let some = service.get_conversations(&context, text("alice"), Some(vec!["sg_team".into()])).await;
        let all = service.get_all_conversations(&context, text("alice")).await;
        assert_eq!([one.is_ok(), some.is_ok(), all.is_ok()], [may; 3]);
        assert_eq!([is_refused(one), is_refused(some), is_refused(all)], [!may; 3]);
    }
}

#[test]
fn a_refusal_says_who_and_why() {
    let error = ServiceError::NoPermission { caller: user("bob"), rule: "may only use their own conversations" };
    assert_eq!(error.to_string(), "bob: may only use their own conversations");
    assert!(Caller::Admin(user("bob")).is_admin() && !Caller::User(user("bob")).is_admin());
    assert_eq!(Caller::User(user("bob")).user_id(), &user("bob"));
}
