//! A group must exist when its conversation is set.

use std::sync::Arc;

use conversation_settings_core::GroupId;
use conversation_settings_service::testing::MockGroups;
use conversation_settings_service::{DirectoryError, GroupDirectory, GroupStatus, MemoryGroups, ServiceError};
use conversation_settings_store::ConversationStoreExt;

use crate::setup::{admin, key, of, service, set, set_group, set_single};

/// The status that an error stands for.
fn status(error: &ServiceError) -> GroupStatus {
    match error {
        ServiceError::UnknownGroup(_) => GroupStatus::Unknown,
        ServiceError::DismissedGroup(_) => GroupStatus::Dismissed,
        other => panic!("{other}"),
    }
}

const PINNED: &str = r#""isPinned": true"#;

fn directory(status: GroupStatus) -> Arc<MockGroups> {
    let mut groups = MockGroups::new();
    let is_team = |operation_id: &str, group: &GroupId| (operation_id, group.as_str()) == ("op-admin", "team");
    groups.expect_status().withf(is_team).times(1).returning(move |_, _| Ok(status));
    Arc::new(groups)
}

#[tokio::test]
async fn rejects_unknown_and_dismissed_groups() {
    for reported in [GroupStatus::Active, GroupStatus::Unknown, GroupStatus::Dismissed] {
        let (store, service) = service();
        let service = service.groups(directory(reported)).build();
        let set = set_group(&service, &admin(), &["alice"], PINNED).await;
        assert_eq!(set.err().as_ref().map_or(GroupStatus::Active, status), reported);
        let is_stored = store.get_one(key("alice", "sg_team")).await.unwrap().is_some();
        assert_eq!(is_stored, reported == GroupStatus::Active, "{reported:?}");
    }
}

#[tokio::test]
async fn checks_groups_of_the_old_kind_too() {
    let (_, service) = service();
    let service = service.groups(directory(GroupStatus::Unknown)).build();
    let old = r#""conversationID": "g_team", "conversationType": 2, "groupID": "team""#;
    let error = set(&service, &admin(), &["alice"], old, PINNED).await.unwrap_err();
    assert!(matches!(error, ServiceError::UnknownGroup(_)) && !error.is_retryable());
}

#[tokio::test]
async fn writes_nothing_if_the_directory_fails() {
    let mut groups = MockGroups::new();
    groups.expect_status().returning(|_, _| Err(DirectoryError("no answer".into())));
    let (store, service) = service();
    let service = service.groups(Arc::new(groups)).build();
    let error = set_group(&service, &admin(), &["alice"], PINNED).await.unwrap_err();
    assert!(matches!(error, ServiceError::Directory(_)) && error.is_retryable());
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_none());
}

/// The mock fails the test if it is asked.
#[tokio::test]
async fn does_not_ask_without_a_group_or_permission() {
    let (_, service) = service();
    let service = service.groups(Arc::new(MockGroups::new())).build();
    assert!(set_single(&service, &admin(), &["alice"], PINNED).await.is_ok());
    let notification = r#""conversationID": "n_news", "conversationType": 4, "userID": "news""#;
    assert!(set(&service, &admin(), &["alice"], notification, PINNED).await.is_ok());
    assert!(set_group(&service, &of("bob"), &["alice"], PINNED).await.is_err());
}

#[tokio::test]
async fn remembers_the_last_status_of_a_group_in_memory() {
    let id = |id: &str| GroupId::new(id).unwrap();
    let groups = Arc::new(MemoryGroups::from_iter([(id("team"), GroupStatus::Active)]));
    let (_, service) = service();
    let service = service.groups(groups.clone()).build();
    assert_eq!(groups.status("op", &id("team")).await.unwrap(), GroupStatus::Active);
    for set_to in [GroupStatus::Active, GroupStatus::Dismissed, GroupStatus::Unknown, GroupStatus::Active] {
        groups.set(id("team"), set_to);
        let set = set_group(&service, &admin(), &["alice"], PINNED).await;
        assert_eq!(set.err().as_ref().map_or(GroupStatus::Active, status), set_to);
    }
    assert_eq!(groups.status("op", &id("other")).await.unwrap(), GroupStatus::Unknown);
}
