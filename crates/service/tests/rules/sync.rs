//! What a client is told that keeps a copy.

use std::sync::Arc;

use conversation_settings_core::{Text, Version};
use conversation_settings_service::{FullConversationIds, IncrementalConversations, Service};
use conversation_settings_store::{Changes, ConversationStoreExt, Filter, OwnerVersion, Page};
use conversation_settings_testkit::mocks::MockStore;

use crate::setup::{admin, create, ids, service, set_group, text, texts, user};

async fn full(service: &Service, hash: u64) -> FullConversationIds {
    service.get_full_conversation_ids(&admin(), text("alice"), Some(hash)).await.unwrap()
}

async fn since(service: &Service, held: (&str, u64)) -> IncrementalConversations {
    let (log, version) = held;
    service.get_incremental_conversations(&admin(), text("alice"), Some(log.into()), Some(version)).await.unwrap()
}

const NOTHING: [Vec<&str>; 3] = [const { Vec::new() }; 3];

/// Inserted, updated and deleted.
fn told(increment: &IncrementalConversations) -> [Vec<&str>; 3] {
    assert!(!increment.full);
    let deleted = increment.delete.iter().map(AsRef::as_ref).collect();
    [ids(&increment.insert), ids(&increment.update), deleted]
}

async fn delete(service: &Service, id: &str) {
    service.delete_conversations(&admin(), text("alice"), None, texts(&[id])).await.unwrap();
}

#[tokio::test]
async fn the_full_ids_come_with_their_version_and_hash() {
    let (_, service) = service();
    let service = service.build();
    let none = full(&service, 0).await;
    assert_eq!((none.version.0, none.equal, none.conversation_ids.len()), (0, true, 0), "the hash of none is 0");
    create(&service, "alice", &["sg_g1"]).await;
    let id = r#""conversationID": "si_a_b", "conversationType": 1, "userID": "b""#;
    crate::setup::set(&service, &admin(), &["alice"], id, r#""ex": "x""#).await.unwrap();
    let all = full(&service, 0).await;
    assert_eq!((all.version.0, all.equal), (2, false));
    assert_eq!(all.conversation_ids.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["sg_g1", "si_a_b"]);
    let equal = full(&service, 12_299_649_816_359_607_783).await;
    assert_eq!((equal.version.0, equal.equal, equal.conversation_ids.len()), (2, true, 0));
    let json = serde_json::to_string(&equal).unwrap();
    let log = equal.version_id;
    assert_eq!(json, format!(r#"{{"version":2,"versionID":"{log}","equal":true,"conversationIDs":[]}}"#));
}

#[tokio::test]
async fn an_increment_tells_what_the_client_does_not_hold_as_it_does_not_hold_it() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    let FullConversationIds { version, version_id: log, .. } = full(&service, 0).await;
    let held = (&*log.to_string(), version.0);
    assert_eq!(told(&since(&service, held).await), NOTHING);

    set_group(&service, &admin(), &["alice"], r#""ex": "x""#).await.unwrap();
    set_group(&service, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap();
    let insert = since(&service, held).await;
    assert_eq!(told(&insert), [vec!["sg_team"], vec![], vec![]], "an insert changed before the sync is an insert");
    assert!(insert.insert[0].settings.is_pinned);
    assert_eq!((insert.version.0, insert.version_id), (4, log));

    delete(&service, "sg_team").await;
    assert_eq!(told(&since(&service, held).await), NOTHING, "came and went");
    delete(&service, "sg_b").await;
    delete(&service, "sg_a").await;
    assert_eq!(told(&since(&service, held).await), [vec![], vec![], vec!["sg_a", "sg_b"]]);
    create(&service, "alice", &["sg_b"]).await;
    assert_eq!(told(&since(&service, held).await), [vec![], vec!["sg_b"], vec!["sg_a"]], "it is held, otherwise");
    assert_eq!(told(&since(&service, (held.0, 6)).await), [vec!["sg_b"], vec![], vec!["sg_a"]], "it was gone at 6");
}

#[tokio::test]
async fn what_cannot_be_told_is_to_be_read_in_full() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    let log = full(&service, 0).await.version_id.to_string();
    let other = "f".repeat(24);
    for (log, version) in [
        (&*log, 3),
        (&log, u64::MAX),
        (&other, 1),
        (&other, u64::MAX),
        ("", 0),
        ("", 2),
        ("zz", 1),
        (&log[1..], 1),
        (&"\u{0}".repeat(24), 1),
        (&"x".repeat(100_000), 1),
    ] {
        let answer = since(&service, (log, version)).await;
        assert!(answer.full, "{log} {version}");
        assert_eq!((answer.version.0, answer.insert.len(), answer.update.len(), answer.delete.len()), (2, 0, 0, 0));
    }
    assert_eq!(told(&since(&service, (&log.to_uppercase(), 1)).await), [vec!["sg_b"], vec![], vec![]]);
    let begun = since(&service, (&log, 0)).await;
    assert_eq!(told(&begun), [vec!["sg_a", "sg_b"], vec![], vec![]], "nothing is held at version 0");
    let absent = service.get_incremental_conversations(&admin(), text("alice"), None, None).await.unwrap();
    assert!(absent.full);
    let json = serde_json::to_value(&absent).unwrap();
    assert_eq!(json["full"], true);
    for list in ["delete", "insert", "update"] {
        assert_eq!(json[list], serde_json::json!([]), "lists are never null");
    }
}

#[tokio::test]
async fn more_changes_than_configured_are_read_in_full_and_as_many_are_told() {
    let (_, service) = service();
    let service = service.max_changes(2).build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    let log: Text = full(&service, 0).await.version_id.to_string().into();
    assert!(!since(&service, (&log, 0)).await.full);
    create(&service, "alice", &["sg_c"]).await;
    assert!(since(&service, (&log, 0)).await.full);
    assert!(!since(&service, (&log, 1)).await.full);
}

/// At a version, with nothing changed since the beginning.
fn unchanged(version: u64) -> Changes {
    let version = OwnerVersion { version: Version(version), ..OwnerVersion::default() };
    Changes::Increment { version, inserted: vec![], updated: vec![], removed: vec![] }
}

#[tokio::test]
async fn full_ids_are_of_one_moment_without_a_list_where_the_log_tells_all() {
    let mut store = MockStore::new();
    store.expect_changes().once().returning(|_, _, _| Ok(unchanged(7)));
    store.expect_list().never();
    let all = full(&Service::builder(Arc::new(store)).build(), 1).await;
    assert_eq!((all.version.0, all.conversation_ids.len()), (7, 0), "all have been removed");
}

#[tokio::test]
async fn full_ids_older_than_the_log_are_listed_until_no_write_comes_between() {
    let (old, service) = service();
    create(&service.build(), "alice", &["sg_old"]).await;
    let conversations = old.list_all(&user("alice"), &Filter::ALL).await.unwrap();

    let mut store = MockStore::new();
    store.expect_changes().times(2).returning(|_, _, _| Ok(unchanged(0)));
    store
        .expect_list()
        .times(2)
        .returning(move |_, _, _| Ok(Page { conversations: conversations.clone(), next: None }));
    let mut versions = [1, 0].into_iter();
    store
        .expect_version()
        .times(2)
        .returning(move |_| Ok(OwnerVersion { version: Version(versions.next().unwrap()), ..OwnerVersion::default() }));
    let all = full(&Service::builder(Arc::new(store)).build(), 1).await;
    assert_eq!(all.conversation_ids.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["sg_old"]);
    assert_eq!((all.version, all.equal), (Version::ZERO, false));
}
