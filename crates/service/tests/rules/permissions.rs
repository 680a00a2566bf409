//! Who may do what.

use conversation_settings_service::{Caller, ServiceError};
use conversation_settings_store::{ConversationStoreExt, Filter};

use crate::setup::{admin, checked, id, key, of, service, set, set_group, set_single, user};

fn is_refused<T>(result: &Result<T, ServiceError>) -> bool {
    matches!(result, Err(ServiceError::NoPermission { .. }))
}

#[tokio::test]
async fn lets_admins_set_any_user_and_users_themselves() {
    let (store, service) = service();
    let service = service.build();
    assert!(set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.is_ok());
    assert!(set_group(&service, &of("alice"), &["alice"], r#""isPinned": false"#).await.is_ok());
    assert!(is_refused(&set_group(&service, &of("alice"), &["alice", "bob"], r#""isPinned": false"#).await));
    assert!(is_refused(&set_group(&service, &of("alice"), &["bob"], r#""isPinned": false"#).await));
    let bobs = store.get_one(key("bob", "sg_team")).await.unwrap().unwrap();
    assert!(bobs.settings.is_pinned, "nothing was written");
}

#[tokio::test]
async fn lets_users_set_private_chat_in_their_own_single_chat_only() {
    let (store, service) = service();
    let service = service.build();
    let private = r#""isPrivateChat": true"#;
    assert!(set_single(&service, &of("alice"), &["alice"], private).await.is_ok());

    let strangers = set_single(&service, &of("mallory"), &["mallory"], private).await;
    assert!(is_refused(&strangers), "mallory is not a participant of si_alice_bob");
    let other_names = r#""conversationID": "room", "conversationType": 1, "userID": "bob""#;
    let by_user = set(&service, &of("alice"), &["alice"], other_names, private).await;
    assert!(is_refused(&by_user), "the ID room names no participants");
    assert!(store.get_one(key("bob", "room")).await.unwrap().is_none());
    assert!(set(&service, &admin(), &["alice"], other_names, private).await.is_ok(), "an admin may");
    assert!(
        set(&service, &of("alice"), &["alice"], other_names, r#""isPinned": true"#).await.is_ok(),
        "every other setting is the user's own"
    );
}

/// No client of alice would find it, so only an administrator can mean it.
#[tokio::test]
async fn lets_admins_alone_create_a_single_chat_whose_id_names_another_user() {
    let conversation = r#""conversationID": "si_alice_bob", "conversationType": 1, "userID": "carl""#;
    let (_, service) = service();
    let service = service.build();
    let pin = r#""isPinned": true"#;
    let refused = set(&service, &of("alice"), &["alice"], conversation, pin).await.unwrap_err();
    assert_eq!(refused.to_string(), "conversation.conversationID: must be si_alice_carl if userID is carl");
    let previewed = service.preview(&of("alice"), &checked(&["alice"], conversation, pin)).await.unwrap_err();
    assert_eq!(previewed.to_string(), refused.to_string());
    assert!(set(&service, &admin(), &["alice"], conversation, pin).await.is_ok());
    let unpin = set(&service, &of("alice"), &["alice"], conversation, r#""isPinned": false"#).await.unwrap();
    assert_eq!(unpin.changed().count(), 1, "the owner may set what exists");
}

#[tokio::test]
async fn lets_owners_and_admins_read() {
    let (_, service) = service();
    let service = service.build();
    set_group(&service, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap();
    for (context, may) in [(admin(), true), (of("alice"), true), (of("bob"), false)] {
        let one = service.get(&context, &user("alice"), &id("sg_team")).await;
        let some = service.get_many(&context, &user("alice"), &[id("sg_team")]).await;
        let all = service.list_all(&context, &user("alice"), &Filter::ALL).await;
        assert_eq!([one.is_ok(), some.is_ok(), all.is_ok()], [may; 3]);
        assert_eq!([is_refused(&one), is_refused(&some), is_refused(&all)], [!may; 3]);
    }
}

#[test]
fn names_the_caller_and_the_rule() {
    let error = ServiceError::NoPermission { caller: user("bob"), rule: "may only use their own conversations" };
    assert_eq!(error.to_string(), "bob: may only use their own conversations");
    assert!(Caller::Admin(user("bob")).is_admin() && !Caller::User(user("bob")).is_admin());
    assert_eq!(Caller::User(user("bob")).user_id(), &user("bob"));
}
