//! What others see of a user.

use std::sync::Arc;

use conversation_settings_core::{Change, Limits, Missing, Outcome, Patch, Target, Write, WriteBatch};
use conversation_settings_service::Code;
use conversation_settings_store::{ConversationStore, ConversationStoreExt};

use crate::setup::{NOW, admin, create, key, of, service, set, set_single, text, user};

#[tokio::test]
async fn others_views_of_single_chats_with_the_user_are_set_and_nothing_else() {
    let (store, service) = service();
    let service = service.build();
    let ex = async |owner: &str, id: &str| {
        store.get_one(key(owner, id)).await.unwrap().map(|found| found.settings.ex.to_string())
    };
    let private = r#""isPrivateChat": true"#;
    set_single(&service, &admin(), &["alice"], private).await.unwrap();
    let carol = r#""conversationID": "si_alice_carol", "conversationType": 1, "userID": "carol""#;
    set(&service, &admin(), &["alice"], carol, r#""ex": "own""#).await.unwrap();
    create(&service, "alice", &["sg_team"]).await;
    create(&service, "bob", &["sg_team"]).await;
    // Alice names a single chat with Bob as a group of Bob's is named.
    let named = r#""conversationID": "sg_bobs", "conversationType": 1, "userID": "bob""#;
    set(&service, &admin(), &["alice"], named, r#""ex": "own""#).await.unwrap();
    create(&service, "bob", &["sg_bobs"]).await;

    let affected = service.update_conversations_by_user(&of("alice"), text("alice"), text("new")).await.unwrap();
    assert_eq!(affected.iter().map(|one| one.key.clone()).collect::<Vec<_>>(), [key("bob", "si_alice_bob")]);
    assert!(matches!(affected[0].outcome, Outcome::Updated(_)));
    assert_eq!(ex("bob", "si_alice_bob").await.as_deref(), Some("new"));
    assert_eq!(ex("alice", "si_alice_bob").await.as_deref(), Some(""), "the user's own view is the user's own");
    assert_eq!(ex("carol", "si_alice_carol").await, None, "nothing is created");
    assert_eq!(ex("bob", "sg_team").await.as_deref(), Some("x"));
    assert_eq!(ex("bob", "sg_bobs").await.as_deref(), Some("x"), "under that name Bob has a group");
}

#[tokio::test]
async fn without_an_ex_nothing_is_set_and_an_empty_one_is() {
    let (store, service) = service();
    let service = service.build();
    set_single(&service, &admin(), &["alice", "bob"], r#""ex": "x""#).await.unwrap();
    assert!(service.update_conversations_by_user(&admin(), text("alice"), None).await.unwrap().is_empty());
    assert_eq!(service.update_conversations_by_user(&admin(), text("alice"), text("")).await.unwrap().len(), 1);
    let bobs = store.get_one(key("bob", "si_alice_bob")).await.unwrap().unwrap();
    assert_eq!(&*bobs.settings.ex, "");
}

#[tokio::test]
async fn nobody_is_no_user_and_an_ex_is_bounded() {
    let (_, service) = service();
    let service = service.limits(Limits { max_text_bytes: 3, ..Limits::default() }).build();
    let errors = [
        service.update_conversations_by_user(&admin(), text(""), text("x")).await.unwrap_err(),
        service.update_conversations_by_user(&admin(), None, text("x")).await.unwrap_err(),
        service.update_conversations_by_user(&admin(), text("alice"), text("1234")).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.code() == Code::Args));
    let texts = ["userID: must not be empty", "userID: is required", "ex: must be at most 3 bytes, got 4"];
    assert_eq!(errors.map(|error| error.to_string()), texts);
    let error = service.update_conversations_by_user(&of("bob"), text("alice"), text("x")).await.unwrap_err();
    assert_eq!(error.code(), Code::NoPermission);
    assert!(
        service.update_conversations_by_user(&admin(), text("alice"), text("123")).await.is_ok(),
        "as long as may be"
    );
}

#[tokio::test]
async fn a_chat_of_the_user_with_themselves_is_nobody_elses_view() {
    let (store, service) = service();
    let service = service.build();
    // No request makes one, but there may be some from before.
    let missing = Missing::Create(Target::Single(user("alice")));
    let change = Arc::new(Change::Set { patch: Patch::KEEP.ex("own"), missing });
    let batch = WriteBatch::new([Write { key: key("alice", "si_alice_alice"), change }].into()).unwrap();
    store.apply(&batch, NOW).await.unwrap();
    assert!(service.update_conversations_by_user(&admin(), text("alice"), text("new")).await.unwrap().is_empty());
    let own = store.get_one(key("alice", "si_alice_alice")).await.unwrap().unwrap();
    assert_eq!(&*own.settings.ex, "own");
}
