//! Reads: what they return, in which order, and their limits.

use conversation_settings_core::{IfMissing, Limits};
use conversation_settings_service::{Service, ServiceError};
use conversation_settings_store::{ConversationStoreExt, Filter};

use crate::setup::{NOW, admin, conversation_ids, id, ids, key, of, service, set, set_group, set_single, user};

async fn with_conversations(ids: &[&str]) -> Service {
    let (_, service) = service();
    let service = service.limits(Limits::default().max_users(3)).build();
    for id in ids {
        let conversation = format!(r#""conversationID": {id:?}, "conversationType": 3, "groupID": "team""#);
        set(&service, &admin(), &["alice"], &conversation, r#""isPinned": true"#).await.unwrap();
    }
    service
}

#[tokio::test]
async fn gets_a_conversation_or_none() {
    let service = with_conversations(&["sg_team"]).await;
    let found = service.get(&admin(), &user("alice"), &id("sg_team")).await.unwrap().unwrap();
    assert_eq!((found.key, found.created_at, found.settings.is_pinned), (key("alice", "sg_team"), NOW, true));
    assert_eq!(service.get(&admin(), &user("bob"), &id("sg_team")).await.unwrap(), None);
}

#[tokio::test]
async fn gets_many_in_the_order_asked_each_once() {
    let service = with_conversations(&["sg_a", "sg_b"]).await;
    let get = async |asked: &[&str]| {
        let found = service.get_many(&admin(), &user("alice"), &conversation_ids(asked)).await.unwrap();
        ids(&found).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(get(&["sg_b", "sg_a", "sg_b"]).await, ["sg_b", "sg_a"]);
    assert_eq!(get(&["sg_gone", "sg_a"]).await, ["sg_a"], "a missing one is left out");
}

#[tokio::test]
async fn lists_all_in_order() {
    let service = with_conversations(&["sg_b", "sg_a", "sg_c"]).await;
    let all = service.list_all(&admin(), &user("alice"), &Filter::ALL).await.unwrap();
    assert_eq!(ids(&all), ["sg_a", "sg_b", "sg_c"]);
    assert!(service.list_all(&admin(), &user("bob"), &Filter::ALL).await.unwrap().is_empty());
}

#[tokio::test]
async fn limits_the_conversations_of_a_call() {
    let (service, context, alice) = (with_conversations(&[]).await, admin(), user("alice"));
    let many = conversation_ids(&["a", "b", "c", "d"]);
    let errors = [
        service.get_many(&context, &alice, &many).await.unwrap_err(),
        service.sorted_list(&context, &alice, Some(&many), 0..1).await.unwrap_err(),
        service.remove(&context, &alice, &many).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, ServiceError::Args(_)) && !error.is_retryable());
        assert_eq!(error.to_string(), "conversationIDs: must have at most 3 entries, got 4");
    }
    assert!(service.get_many(&context, &alice, &many[..3]).await.is_ok(), "as many as the limit");
    assert!(service.get_many(&context, &alice, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn rejects_missing_conversations_if_so_set() {
    let (store, service) = service();
    let service = service.missing(IfMissing::Reject).build();
    let error = set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.unwrap_err();
    assert!(matches!(error, ServiceError::NotFound(_)) && !error.is_retryable());
    assert_eq!(store.get_one(key("alice", "sg_team")).await.unwrap(), None);
}

#[tokio::test]
async fn creates_the_peers_view_at_the_same_time() {
    let (_, service) = service();
    let service = service.build();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    for owner in ["alice", "bob"] {
        let found = service.get(&admin(), &user(owner), &id("si_alice_bob")).await.unwrap().unwrap();
        assert_eq!(found.created_at, NOW, "{owner}");
    }
}
