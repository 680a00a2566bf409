//! Removes conversations, by their IDs or by age.

use std::{collections::HashMap, sync::Arc, time::Duration};

use conversation_settings_core::{ConversationId, Outcome, Timestamp, Version};
use conversation_settings_service::testing::MockMessages;
use conversation_settings_service::{Latest, Message, MessagesError, Service, ServiceError};
use conversation_settings_store::Filter;

use crate::setup::{NOW, admin, conversation_ids, create, id, ids, of, service, user};

const DAY: i64 = 86_400_000;

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

async fn left(service: &Service) -> Vec<String> {
    let all = service.list_all(&admin(), &user("alice"), &Filter::ALL).await.unwrap();
    ids(&all).iter().map(ToString::to_string).collect()
}

/// Messages of these ages, in milliseconds.
pub(crate) fn messages(ages: &'static [(&'static str, i64)]) -> Arc<MockMessages> {
    let mut messages = MockMessages::new();
    messages.expect_latest().returning(|owner, ids| {
        assert_eq!(owner.as_str(), "alice");
        let latest = ages.iter().map(|(id, age)| {
            let message = Message { sent_at: Timestamp(NOW.0 - age), ..Message::default() };
            (ConversationId::new(*id).unwrap(), Latest { unread_count: 1, message: Some(message) })
        });
        Ok(latest.filter(|(id, _)| ids.contains(id)).collect())
    });
    Arc::new(messages)
}

#[tokio::test]
async fn removes_the_named_conversations_and_no_others() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b", "sg_c"]).await;
    create(&service, "bob", &["sg_a"]).await;
    let named = conversation_ids(&["sg_c", "sg_a", "sg_gone", "sg_a"]);
    let report = service.remove(&of("alice"), &user("alice"), &named).await.unwrap();
    let entries: Vec<_> =
        report.entries.iter().map(|entry| (entry.conversation_id.as_str(), entry.outcome, entry.version)).collect();
    let (removed, absent) = (Outcome::Removed, Outcome::Absent);
    let raised = Some(Version(4));
    assert_eq!(entries, [("sg_a", removed, raised), ("sg_c", removed, raised), ("sg_gone", absent, raised)]);
    assert_eq!(left(&service).await, ["sg_b"]);
    assert!(service.get(&admin(), &user("bob"), &id("sg_a")).await.unwrap().is_some());
}

#[tokio::test]
async fn removes_conversations_whose_last_message_is_older() {
    let (_, service) = service();
    let ages = &[("sg_old", 3 * DAY + 1), ("sg_just", 3 * DAY), ("sg_new", 0), ("sg_else", 9 * DAY)];
    let service = service.messages(messages(ages)).build();
    create(&service, "alice", &["sg_old", "sg_just", "sg_new", "sg_silent"]).await;
    for age in [Duration::MAX, Duration::from_secs(u64::MAX), days(4)] {
        let report = service.remove_older_than(&of("alice"), &user("alice"), age).await.unwrap();
        assert!(report.entries.is_empty());
    }
    service.remove_older_than(&of("alice"), &user("alice"), days(3)).await.unwrap();
    assert_eq!(left(&service).await, ["sg_just", "sg_new", "sg_silent"], "a conversation without a message stays");
}

#[tokio::test]
async fn needs_messages_to_remove_by_age() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a"]).await;
    let error = service.remove_older_than(&admin(), &user("alice"), days(1)).await.unwrap_err();
    assert!(matches!(error, ServiceError::NoMessages) && !error.is_retryable());
    assert_eq!(left(&service).await, ["sg_a"]);
}

#[tokio::test]
async fn removes_nothing_if_messages_cannot_be_read() {
    let mut messages = MockMessages::new();
    messages.expect_latest().returning(|_, _| Err(MessagesError("no answer".into())));
    let (_, service) = service();
    let service = service.messages(Arc::new(messages)).build();
    create(&service, "alice", &["sg_a"]).await;
    let error = service.remove_older_than(&admin(), &user("alice"), days(1)).await.unwrap_err();
    assert!(matches!(error, ServiceError::Messages(_)) && error.is_retryable());
    assert_eq!(error.to_string(), "the messages cannot be read");
    assert_eq!(left(&service).await, ["sg_a"]);
}

#[tokio::test]
async fn removes_nothing_by_age_if_no_message_is_known() {
    let mut messages = MockMessages::new();
    messages.expect_latest().returning(|_, _| Ok(HashMap::new()));
    let (_, service) = service();
    let service = service.messages(Arc::new(messages)).build();
    create(&service, "alice", &["sg_a"]).await;
    for owner in ["alice", "bob"] {
        let report = service.remove_older_than(&admin(), &user(owner), days(1)).await.unwrap();
        assert!(report.entries.is_empty());
    }
}
