//! The host's groups are asked before a group's conversation is set.

use std::sync::Arc;

use conversation_settings_core::GroupId;
use conversation_settings_service::{Code, DirectoryError, GroupDirectory, GroupStatus, MemoryGroups};
use conversation_settings_store::ConversationStoreExt;
use conversation_settings_testkit::mocks::MockGroups;

use crate::setup::{admin, key, of, service, set, set_group, set_single};

const PINNED: &str = r#""isPinned": true"#;

fn directory(status: GroupStatus) -> Arc<MockGroups> {
    let mut groups = MockGroups::new();
    let is_team = |operation_id: &str, group: &GroupId| (operation_id, group.as_str()) == ("op-admin", "team");
    groups.expect_status().withf(is_team).times(1).returning(move |_, _| Ok(status));
    Arc::new(groups)
}

#[tokio::test]
async fn a_group_has_to_exist() {
    for (status, code) in [
        (GroupStatus::Active, None),
        (GroupStatus::Unknown, Some(Code::RecordNotFound)),
        (GroupStatus::Dismissed, Some(Code::DismissedAlready)),
    ] {
        let (store, service) = service();
        let service = service.groups(directory(status)).build();
        let set = set_group(&service, &admin(), &["alice"], PINNED).await;
        assert_eq!(set.err().map(|error| error.code()), code, "{status:?}");
        assert_eq!(store.get_one(key("alice", "sg_team")).await.unwrap().is_some(), code.is_none(), "{status:?}");
    }
}

#[tokio::test]
async fn the_old_kind_of_group_is_asked_for_likewise() {
    let (_, service) = service();
    let service = service.groups(directory(GroupStatus::Unknown)).build();
    let old = r#""conversationID": "g_team", "conversationType": 2, "groupID": "team""#;
    let error = set(&service, &admin(), &["alice"], old, PINNED).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::RecordNotFound, false));
}

#[tokio::test]
async fn groups_that_cannot_be_asked_leave_nothing_written() {
    let mut groups = MockGroups::new();
    groups.expect_status().returning(|_, _| Err(DirectoryError("no answer".into())));
    let (store, service) = service();
    let service = service.groups(Arc::new(groups)).build();
    let error = set_group(&service, &admin(), &["alice"], PINNED).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::ServerInternal, true));
    assert!(store.get_one(key("alice", "sg_team")).await.unwrap().is_none());
}

/// The mock fails the test if it is asked.
#[tokio::test]
async fn groups_are_not_asked_where_there_is_none_or_the_caller_may_not() {
    let (_, service) = service();
    let service = service.groups(Arc::new(MockGroups::new())).build();
    assert!(set_single(&service, &admin(), &["alice"], PINNED).await.is_ok());
    let notification = r#""conversationID": "n_news", "conversationType": 4, "userID": "news""#;
    assert!(set(&service, &admin(), &["alice"], notification, PINNED).await.is_ok());
    assert!(set_group(&service, &of("bob"), &["alice"], PINNED).await.is_err());
}

#[tokio::test]
async fn groups_in_memory_stand_as_they_were_last_set() {
    let id = |id: &str| GroupId::new(id).unwrap();
    let groups = Arc::new(MemoryGroups::from_iter([(id("team"), GroupStatus::Active)]));
    let (_, service) = service();
    let service = service.groups(groups.clone()).build();
    assert_eq!(groups.status("op", &id("team")).await.unwrap(), GroupStatus::Active);
    for (status, code) in [
        (GroupStatus::Active, None),
        (GroupStatus::Dismissed, Some(Code::DismissedAlready)),
        (GroupStatus::Unknown, Some(Code::RecordNotFound)),
        (GroupStatus::Active, None),
    ] {
        groups.set(id("team"), status);
        let set = set_group(&service, &admin(), &["alice"], PINNED).await;
        assert_eq!(set.err().map(|error| error.code()), code, "{status:?}");
    }
    assert_eq!(groups.status("op", &id("other")).await.unwrap(), GroupStatus::Unknown);
}
