//! The extension in the peers' views of a user's single chats.

use std::sync::Arc;

use conversation_settings_core::{Change, Limits, Missing, Outcome, Patch, Role, Target, Write, WriteBatch};
use conversation_settings_service::ServiceError;
use conversation_settings_store::{ConversationStore, ConversationStoreExt};

use crate::setup::{NOW, admin, create, id, key, key_of, of, service, set, set_single, user};

#[tokio::test]
async fn sets_peers_views_of_single_chats_and_no_others() {
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
    // Alice's single chat with Bob has the name of a group of Bob's.
    let named = r#""conversationID": "room", "conversationType": 1, "userID": "bob""#;
    set(&service, &admin(), &["alice"], named, r#""ex": "own""#).await.unwrap();
    create(&service, "bob", &["room"]).await;

    let report = service.set_ex_for_peers(&admin(), &user("alice"), "new".into()).await.unwrap();
    assert_eq!(report.entries.iter().map(key_of).collect::<Vec<_>>(), [key("bob", "si_alice_bob")]);
    assert!(matches!(report.entries[0].outcome, Outcome::Updated(_)));
    assert_eq!(report.entries[0].role, Role::Peer);
    assert_eq!(ex("bob", "si_alice_bob").await.as_deref(), Some("new"));
    assert_eq!(ex("alice", "si_alice_bob").await.as_deref(), Some(""), "the user's own view is the user's own");
    assert_eq!(ex("carol", "si_alice_carol").await, None, "nothing is created");
    assert_eq!(ex("bob", "sg_team").await.as_deref(), Some("x"));
    assert_eq!(ex("bob", "room").await.as_deref(), Some("x"), "under that name Bob has a group");
}

#[tokio::test]
async fn hides_from_users_which_peers_have_the_conversation() {
    let (store, service) = service();
    let service = service.build();
    for peer in ["bob", "carol"] {
        service.create_single_chat(&admin(), &user("alice"), &user(peer)).await.unwrap();
    }
    service.remove(&admin(), &user("carol"), &[id("si_alice_carol")]).await.unwrap();
    let report = service.set_ex_for_peers(&of("alice"), &user("alice"), "new".into()).await.unwrap();
    let peers = [key("bob", "si_alice_bob"), key("carol", "si_alice_carol")];
    assert_eq!((report.entries, report.hidden_peers), (Vec::new(), peers.into()));
    let bobs = store.get_one(key("bob", "si_alice_bob")).await.unwrap().unwrap();
    assert_eq!(&*bobs.settings.ex, "new");
}

#[tokio::test]
async fn sets_an_empty_text() {
    let (store, service) = service();
    let service = service.build();
    set_single(&service, &admin(), &["alice", "bob"], r#""ex": "x""#).await.unwrap();
    let report = service.set_ex_for_peers(&admin(), &user("alice"), "".into()).await.unwrap();
    assert_eq!(report.entries.len(), 1);
    let bobs = store.get_one(key("bob", "si_alice_bob")).await.unwrap().unwrap();
    assert_eq!(&*bobs.settings.ex, "");
}

#[tokio::test]
async fn rejects_a_long_text_and_another_users_call() {
    let (_, service) = service();
    let service = service.limits(Limits::default().max_text_bytes(3)).build();
    let error = service.set_ex_for_peers(&admin(), &user("alice"), "1234".into()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Args(_)));
    assert_eq!(error.to_string(), "ex: must be at most 3 bytes, got 4");
    let error = service.set_ex_for_peers(&of("bob"), &user("alice"), "x".into()).await.unwrap_err();
    assert!(matches!(error, ServiceError::NoPermission { .. }));
    let longest = service.set_ex_for_peers(&admin(), &user("alice"), "123".into()).await;
    assert!(longest.is_ok(), "as long as the limit");
}

#[tokio::test]
async fn skips_a_users_chat_with_themselves() {
    let (store, service) = service();
    let service = service.build();
    // No request creates such a chat, but older data may have one.
    let missing = Missing::Create(Target::Single(user("alice")));
    let change = Arc::new(Change::Set { patch: Patch::KEEP.ex("own"), missing });
    let batch = WriteBatch::new([Write { key: key("alice", "si_alice_alice"), change }].into()).unwrap();
    store.apply(&batch, NOW).await.unwrap();
    let report = service.set_ex_for_peers(&admin(), &user("alice"), "new".into()).await.unwrap();
    assert!(report.entries.is_empty());
    let own = store.get_one(key("alice", "si_alice_alice")).await.unwrap().unwrap();
    assert_eq!(&*own.settings.ex, "own");
}

#[tokio::test]
async fn stores_in_several_batches_what_exceeds_the_limit_of_one() {
    let (store, service) = service();
    let service = service.limits(Limits::default().max_batch_bytes(10)).build();
    for peer in ["b", "c", "d", "e", "f"] {
        let chat = format!(r#""conversationID": "si_alice_{peer}", "conversationType": 1, "userID": "{peer}""#);
        set(&service, &admin(), &["alice", peer], &chat, r#""isPinned": true"#).await.unwrap();
    }
    let report = service.set_ex_for_peers(&admin(), &user("alice"), "12345".into()).await.unwrap();
    assert_eq!(report.entries.len(), 5);
    for peer in ["b", "c", "d", "e", "f"] {
        let found = store.get_one(key(peer, &format!("si_alice_{peer}"))).await.unwrap().unwrap();
        assert_eq!(&*found.settings.ex, "12345", "{peer}");
    }
}
