//! What a dry run foresees is what happens.

use std::sync::Arc;

use conversation_settings_core::{IfMissing, Outcome, SetConversationsRequest};
use conversation_settings_service::{Code, Service};
use conversation_settings_store::ConversationStore;

use crate::setup::{Events, admin, of, service, set_group, user};

fn request(extension: &str, settings: &str) -> SetConversationsRequest {
    let json = format!(
        r#"{{ {extension} "userIDs": ["alice", "bob", "carol"], "conversation": {{ "conversationID": "sg_team",
            "conversationType": 3, "groupID": "team"{settings} }} }}"#
    );
    serde_json::from_str(&json).unwrap()
}

async fn prepared() -> (Arc<conversation_settings_store_memory::MemoryStore>, Arc<Events>, Service) {
    let (store, service) = service();
    let events = Arc::new(Events::default());
    let service = service.events(events.clone()).build();
    set_group(&service, &admin(), &["alice", "bob"], r#""isPinned": true"#).await.unwrap();
    set_group(&service, &admin(), &["bob"], r#""ex": "x""#).await.unwrap();
    events.take();
    (store, events, service)
}

#[tokio::test]
async fn a_dry_run_foresees_what_happens_and_writes_nothing() {
    for settings in ["", r#", "isPinned": true, "ex": "x""#, r#", "isPinned": false"#] {
        let (store, events, service) = prepared().await;
        let foreseen = service.set_conversations(&admin(), request(r#""dryRun": true,"#, settings)).await.unwrap();
        assert_eq!(events.take(), []);
        assert_eq!(store.version(&user("alice")).await.unwrap().version.0, 1, "nothing was written");
        let report = service.set_conversations(&admin(), request("", settings)).await.unwrap();
        assert_eq!(foreseen, report, "{settings}");
    }
}

#[tokio::test]
async fn a_dry_run_knows_the_peer() {
    let (_, service) = service();
    let service = service.build();
    let json = |dry_run| {
        let json = format!(
            r#"{{ "dryRun": {dry_run}, "userIDs": ["alice"], "conversation": {{ "conversationID": "si_alice_bob",
                "conversationType": 1, "userID": "bob", "isPrivateChat": true }} }}"#
        );
        serde_json::from_str::<SetConversationsRequest>(&json).unwrap()
    };
    let foreseen = service.set_conversations(&of("alice"), json(true)).await.unwrap();
    assert_eq!(
        serde_json::to_string(&foreseen).unwrap(),
        concat!(
            r#"{"users":[{"userID":"alice","role":"user","outcome":"created","fields":[],"version":1},"#,
            r#"{"userID":"bob","role":"peer","outcome":"created","fields":[],"version":1}]}"#
        )
    );
    assert_eq!(service.set_conversations(&of("alice"), json(false)).await.unwrap(), foreseen);
}

#[tokio::test]
async fn a_dry_run_fails_as_the_call_would() {
    let (_, service) = service();
    let service = service.missing(IfMissing::Reject).build();
    let dry_run = r#""dryRun": true,"#;
    let missing = service.set_conversations(&admin(), request(dry_run, r#", "ex": "x""#)).await.unwrap_err();
    let stranger = service.set_conversations(&of("mallory"), request(dry_run, "")).await.unwrap_err();
    let wrong = service.set_conversations(&admin(), request(dry_run, r#", "recvMsgOpt": 9"#)).await.unwrap_err();
    assert_eq!([missing.code(), stranger.code(), wrong.code()], [Code::RecordNotFound, Code::NoPermission, Code::Args]);
}

#[test]
fn the_report_is_asked_for() {
    let wants = |extension| request(extension, "").wants_report();
    let table =
        [("", false), (r#""report": true,"#, true), (r#""report": false,"#, false), (r#""report": null,"#, false)];
    for (extension, wanted) in table {
        assert_eq!(wants(extension), wanted, "{extension}");
    }
    assert!(wants(r#""dryRun": true,"#), "it is all there is");
    assert!(!request(r#""dryRun": false,"#, "").is_dry_run());
    assert_eq!(Outcome::Absent.name(), "absent");
}
