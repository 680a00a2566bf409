//! A preview reports what the call would do.

use std::sync::Arc;

use conversation_settings_core::{IfMissing, Outcome, Report, Role, SetConversations, Version};
use conversation_settings_service::{Service, ServiceError};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_memory::MemoryStore;

use crate::setup::{Events, admin, checked, id, key, of, service, set_group, user};

fn request(settings: &str) -> SetConversations {
    let conversation = r#""conversationID": "sg_team", "conversationType": 3, "groupID": "team""#;
    checked(&["alice", "bob", "carol"], conversation, settings)
}

async fn prepared() -> (Arc<MemoryStore>, Arc<Events>, Service) {
    let (store, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.unwrap();
    set_group(&service, &admin(), &["bob"], r#""ex": "x""#).await.unwrap();
    events.take().await;
    (store, events, service)
}

#[tokio::test]
async fn previews_what_the_call_does_and_writes_nothing() {
    for settings in ["", r#""isPinned": true, "ex": "x""#, r#""isPinned": false"#] {
        let (store, events, service) = prepared().await;
        let preview = service.preview(&admin(), &request(settings)).await.unwrap();
        assert_eq!(events.take().await, []);
        assert_eq!(store.version(&user("alice")).await.unwrap().version.0, 1, "nothing was written");
        let report = service.set(&admin(), request(settings)).await.unwrap();
        assert_eq!(preview, report, "{settings}");
    }
}

#[tokio::test]
async fn previews_the_peer() {
    let (_, service) = service();
    let service = service.build();
    let conversation = r#""conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob""#;
    let set = checked(&["alice"], conversation, r#""isPrivateChat": true"#);
    let preview = service.preview(&admin(), &set).await.unwrap();
    let entries: Vec<_> =
        preview.entries.iter().map(|entry| (entry.user.as_str(), entry.role, entry.outcome, entry.version)).collect();
    let created = (Outcome::Created, Some(Version(1)));
    assert_eq!(entries, [("alice", Role::User, created.0, created.1), ("bob", Role::Peer, created.0, created.1)]);
    assert_eq!(service.set(&admin(), set).await.unwrap(), preview);
}

/// Whatever bob has done, alice's report is the same.
#[tokio::test]
async fn hides_what_happens_to_a_peer_from_users() {
    let (_, service) = service();
    let service = service.build();
    let conversation = r#""conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob""#;
    let set = |is_on: bool| checked(&["alice"], conversation, &format!(r#""isPrivateChat": {is_on}"#));
    let hides = |report: &Report| {
        let roles: Vec<_> = report.entries.iter().map(|entry| entry.role).collect();
        assert_eq!(roles, [Role::User], "{report:?}");
        assert_eq!(report.hidden_peers, [key("bob", "si_alice_bob")]);
    };
    let bobs = async || service.remove(&admin(), &user("bob"), &[id("si_alice_bob")]).await.unwrap();
    for is_on in [true, false, true, true] {
        let preview = service.preview(&of("alice"), &set(is_on)).await.unwrap();
        hides(&preview);
        let report = service.set(&of("alice"), set(is_on)).await.unwrap();
        hides(&report);
        bobs().await;
    }
    let report = service.preview(&admin(), &set(false)).await.unwrap();
    assert_eq!((report.entries.len(), report.hidden_peers.len()), (2, 0), "an administrator sees both: {report:?}");
}

#[tokio::test]
async fn fails_as_the_call_would() {
    let (_, service) = service();
    let service = service.missing(IfMissing::Reject).build();
    let missing = service.preview(&admin(), &request(r#""ex": "x""#)).await.unwrap_err();
    let stranger = service.preview(&of("mallory"), &request("")).await.unwrap_err();
    let long = request(&format!(r#""ex": "{}""#, "x".repeat(60_000)));
    let (_, limited) = crate::setup::service();
    let limited = limited.limits(conversation_settings_core::Limits::default().max_text_bytes(3)).build();
    let wrong = limited.preview(&admin(), &long).await.unwrap_err();
    assert!(matches!(missing, ServiceError::NotFound(_)));
    assert!(matches!(stranger, ServiceError::NoPermission { .. }));
    assert!(matches!(wrong, ServiceError::Args(_)));
}
