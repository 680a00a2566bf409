//! Removing conversations, by their IDs or by age.

use std::{collections::HashMap, sync::Arc};

use conversation_settings_core::{ConversationId, Outcome, Version};
use conversation_settings_service::{Code, Latest, MessagesError, MsgInfo, Service};
use conversation_settings_testkit::mocks::MockMessages;

use crate::setup::{NOW, admin, create, ids, of, service, text, texts};

const DAY: i64 = 86_400_000;

async fn left(service: &Service) -> Vec<String> {
    let all = service.get_all_conversations(&admin(), text("alice")).await.unwrap();
    ids(&all).iter().map(ToString::to_string).collect()
}

/// Messages that were sent so many milliseconds ago.
pub(crate) fn messages(ages: &'static [(&'static str, i64)]) -> Arc<MockMessages> {
    let mut messages = MockMessages::new();
    messages.expect_latest().returning(|owner, ids| {
        assert_eq!(owner.as_str(), "alice");
        let latest = ages.iter().map(|(id, age)| {
            let message = MsgInfo { latest_msg_recv_time: NOW.0 - age, ..MsgInfo::default() };
            (ConversationId::new(*id).unwrap(), Latest { unread_count: 1, message: Some(message) })
        });
        Ok(latest.filter(|(id, _)| ids.contains(id)).collect())
    });
    Arc::new(messages)
}

#[tokio::test]
async fn by_ids_those_are_removed_and_no_others() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b", "sg_c"]).await;
    create(&service, "bob", &["sg_a"]).await;
    let asked = texts(&["sg_c", "sg_a", "sg_gone", "sg_a"]);
    let affected = service.delete_conversations(&of("alice"), text("alice"), Some(0), asked).await.unwrap();
    let affected: Vec<_> =
        affected.iter().map(|one| (one.key.conversation_id.as_str(), one.outcome, one.version)).collect();
    let (removed, absent) = (Outcome::Removed, Outcome::Absent);
    let raised = Some(Version(4));
    assert_eq!(affected, [("sg_a", removed, raised), ("sg_c", removed, raised), ("sg_gone", absent, raised)]);
    assert_eq!(left(&service).await, ["sg_b"]);
    assert!(service.get_conversation(&admin(), text("bob"), text("sg_a")).await.is_ok());
}

#[tokio::test]
async fn by_days_those_are_removed_whose_last_message_is_older() {
    let (_, service) = service();
    let ages = &[("sg_old", 3 * DAY + 1), ("sg_just", 3 * DAY), ("sg_new", 0), ("sg_else", 9 * DAY)];
    let service = service.messages(messages(ages)).build();
    create(&service, "alice", &["sg_old", "sg_just", "sg_new", "sg_silent"]).await;
    for days in [i64::MAX, i64::MAX / DAY, 4] {
        assert!(service.delete_conversations(&of("alice"), text("alice"), Some(days), None).await.unwrap().is_empty());
    }
    service.delete_conversations(&of("alice"), text("alice"), Some(3), texts(&[])).await.unwrap();
    assert_eq!(left(&service).await, ["sg_just", "sg_new", "sg_silent"], "one without a message is no old one");
}

#[tokio::test]
async fn one_of_ids_and_days_is_needed_and_days_need_messages() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a"]).await;
    let context = admin();
    let delete = async |days, ids| {
        let error = service.delete_conversations(&context, text("alice"), days, ids).await.unwrap_err();
        (error.code(), error.to_string())
    };
    let expected = [
        (Some(1), texts(&["sg_a"]), "needDeleteTime: must not be set beside conversationIDs"),
        (None, None, "needDeleteTime: must be set where conversationIDs is not"),
        (Some(0), texts(&[]), "needDeleteTime: must be set where conversationIDs is not"),
        (Some(-1), None, "needDeleteTime: must be at least 1, got -1"),
        (
            Some(1),
            None,
            "needDeleteTime: cannot be used here: this server is not told when messages were sent; use conversationIDs",
        ),
        (None, texts(&[""]), "conversationIDs[0]: must not be empty"),
    ];
    for (days, ids, problem) in expected {
        assert_eq!(delete(days, ids).await, (Code::Args, problem.to_owned()));
    }
    assert_eq!(left(&service).await, ["sg_a"]);
}

#[tokio::test]
async fn messages_that_cannot_be_asked_leave_nothing_removed() {
    let mut messages = MockMessages::new();
    messages.expect_latest().returning(|_, _| Err(MessagesError("no answer".into())));
    let (_, service) = service();
    let service = service.messages(Arc::new(messages)).build();
    create(&service, "alice", &["sg_a"]).await;
    let error = service.delete_conversations(&admin(), text("alice"), Some(1), None).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::ServerInternal, true));
    assert_eq!(error.to_string(), "the messages cannot be asked");
    assert_eq!(left(&service).await, ["sg_a"]);
}

#[tokio::test]
async fn a_host_that_knows_no_messages_removes_nothing_by_days() {
    let mut messages = MockMessages::new();
    messages.expect_latest().returning(|_, _| Ok(HashMap::new()));
    let (_, service) = service();
    let service = service.messages(Arc::new(messages)).build();
    create(&service, "alice", &["sg_a"]).await;
    assert!(service.delete_conversations(&admin(), text("alice"), Some(1), None).await.unwrap().is_empty());
    assert!(service.delete_conversations(&admin(), text("bob"), Some(1), None).await.unwrap().is_empty());
}
