//! What is read, in which order, and what is wrong with an argument.

use conversation_settings_core::{IfMissing, Limits};
use conversation_settings_service::{Code, ServiceError};

use crate::setup::{NOW, admin, ids, key, of, service, set, set_group, set_single, text};

async fn with_conversations(ids: &[&str]) -> conversation_settings_service::Service {
    let (_, service) = service();
    let service = service.limits(Limits { max_users: 3, ..Limits::default() }).build();
    for id in ids {
        let conversation = format!(r#""conversationID": {id:?}, "conversationType": 3, "groupID": "team""#);
        set(&service, &admin(), &["alice"], &conversation, r#""isPinned": true"#).await.unwrap();
    }
    service
}

#[tokio::test]
async fn one_is_found_or_named_as_missing() {
    let service = with_conversations(&["sg_team"]).await;
    let found = service.get_conversation(&admin(), text("alice"), text("sg_team")).await.unwrap();
    assert_eq!((found.key, found.created_at, found.settings.is_pinned), (key("alice", "sg_team"), NOW, true));
    let error = service.get_conversation(&admin(), text("bob"), text("sg_team")).await.unwrap_err();
    assert!(matches!(&error, ServiceError::NotFound(missing) if *missing == key("bob", "sg_team")));
    assert_eq!((error.code(), error.is_retryable()), (Code::RecordNotFound, false));
}

#[tokio::test]
async fn some_come_in_the_order_asked_each_once() {
    let service = with_conversations(&["sg_a", "sg_b"]).await;
    let asked = ["sg_b", "sg_a", "sg_b"].map(Into::into).to_vec();
    let found = service.get_conversations(&admin(), text("alice"), Some(asked)).await.unwrap();
    assert_eq!(ids(&found), ["sg_b", "sg_a"]);
    let asked = ["sg_gone", "sg_a"].map(Into::into).to_vec();
    let found = service.get_conversations(&admin(), text("alice"), Some(asked)).await.unwrap();
    assert_eq!(ids(&found), ["sg_a"], "what does not exist is left out");
}

#[tokio::test]
async fn all_come_in_order() {
    let service = with_conversations(&["sg_b", "sg_a", "sg_c"]).await;
    let all = service.get_all_conversations(&admin(), text("alice")).await.unwrap();
    assert_eq!(ids(&all), ["sg_a", "sg_b", "sg_c"]);
    assert!(service.get_all_conversations(&admin(), text("bob")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_argument_is_named_by_its_path() {
    let (service, context) = (with_conversations(&[]).await, admin());
    let one = |owner, id| service.get_conversation(&context, owner, id);
    let some = |ids: Option<Vec<_>>| service.get_conversations(&context, text("alice"), ids);
    let errors = [
        one(None, text("x")).await.unwrap_err(),
        one(text("alice"), None).await.unwrap_err(),
        one(text("alice"), text("")).await.unwrap_err(),
        some(None).await.unwrap_err(),
        some(Some(Vec::new())).await.unwrap_err(),
        some(Some(["a", ""].map(Into::into).to_vec())).await.unwrap_err(),
        some(Some(["a", "b", "c", "d"].map(Into::into).to_vec())).await.unwrap_err(),
        service.get_all_conversations(&context, text("\u{0}")).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.code() == Code::Args && !error.is_retryable()));
    assert_eq!(
        errors.map(|error| error.to_string()),
        [
            "ownerUserID: is required",
            "conversationID: is required",
            "conversationID: must not be empty",
            "conversationIDs: is required",
            "conversationIDs: must not be empty",
            "conversationIDs[1]: must not be empty",
            "conversationIDs: must have at most 3 entries, got 4",
            "ownerUserID: must not contain control characters, found one at byte 0",
        ]
    );
    assert!(some(Some(["a", "b", "c"].map(Into::into).to_vec())).await.is_ok(), "as many as allowed");
}

#[tokio::test]
async fn a_host_may_reject_what_is_missing() {
    let (store, service) = service();
    let service = service.missing(IfMissing::Reject).build();
    let error = set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::RecordNotFound, false));
    let nothing = conversation_settings_store::ConversationStoreExt::get_one(&*store, key("alice", "sg_team")).await;
    assert_eq!(nothing.unwrap(), None);
}

#[tokio::test]
async fn a_peer_s_conversation_is_created_when_the_user_s_is() {
    let (_, service) = service();
    let service = service.build();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    for owner in ["alice", "bob"] {
        let found = service.get_conversation(&admin(), text(owner), text("si_alice_bob")).await.unwrap();
        assert_eq!(found.created_at, NOW, "{owner}");
    }
}
