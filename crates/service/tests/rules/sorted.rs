//! The list as a client shows it.

use std::sync::Arc;

use conversation_settings_service::{Pagination, Service, SortedConversations};
use conversation_settings_testkit::mocks::MockMessages;

use crate::{
    delete::messages,
    setup::{admin, create, service, set, text, texts},
};

async fn list(service: &Service, page: i32, size: i32) -> SortedConversations {
    let page = Some(Pagination::new(page, size));
    service.get_sorted_conversation_list(&admin(), text("alice"), None, page).await.unwrap()
}

fn elems(list: &SortedConversations) -> Vec<&str> {
    list.conversation_elems.iter().map(|elem| elem.conversation_id.as_str()).collect()
}

async fn pin(service: &Service, id: &str) {
    let conversation = format!(r#""conversationID": {id:?}, "conversationType": 3, "groupID": "team""#);
    set(service, &admin(), &["alice"], &conversation, r#""isPinned": true"#).await.unwrap();
}

#[tokio::test]
async fn pinned_ones_come_first_then_the_latest() {
    let (_, service) = service();
    let ages = &[("sg_a", 30), ("sg_b", 20), ("sg_c", 10), ("sg_d", 40), ("sg_e", 40)];
    let service = service.messages(messages(ages)).build();
    create(&service, "alice", &["sg_f", "sg_d", "sg_a", "sg_b", "sg_c", "sg_e"]).await;
    pin(&service, "sg_a").await;
    pin(&service, "sg_d").await;
    let all = list(&service, 1, 100).await;
    // f has no message and was created just now.
    assert_eq!(elems(&all), ["sg_a", "sg_d", "sg_f", "sg_c", "sg_b", "sg_e"]);
    assert_eq!((all.conversation_total, all.unread_total), (6, 5));
    assert!(all.conversation_elems[0].is_pinned && !all.conversation_elems[2].is_pinned);
    assert_eq!(all.conversation_elems[2].msg_info, None);
    let pages = [list(&service, 1, 4).await, list(&service, 2, 4).await, list(&service, 3, 4).await];
    assert_eq!(pages.each_ref().map(elems), [elems(&all)[..4].to_vec(), elems(&all)[4..].to_vec(), vec![]]);
    assert!(pages.iter().all(|page| (page.conversation_total, page.unread_total) == (6, 5)));
}

#[tokio::test]
async fn without_messages_they_are_sorted_by_creation_and_equal_times_lose_none() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_c", "sg_a", "sg_b"]).await;
    let all = list(&service, 1, 100).await;
    assert_eq!((elems(&all), all.conversation_total, all.unread_total), (vec!["sg_a", "sg_b", "sg_c"], 3, 0));
}

#[tokio::test]
async fn only_those_asked_for_are_listed_and_no_list_is_an_error() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b", "sg_c"]).await;
    let page = Some(Pagination::new(1, 10));
    let asked = texts(&["sg_c", "sg_gone", "sg_a", "sg_c"]);
    let some = service.get_sorted_conversation_list(&admin(), text("alice"), asked, page).await.unwrap();
    assert_eq!((elems(&some), some.conversation_total), (vec!["sg_a", "sg_c"], 2));
    let none = service.get_sorted_conversation_list(&admin(), text("bob"), texts(&[]), page).await.unwrap();
    assert_eq!(none, SortedConversations::default());
    let json = r#"{"conversationTotal":0,"unreadTotal":0,"conversationElems":[]}"#;
    assert_eq!(serde_json::to_string(&none).unwrap(), json);
}

#[tokio::test]
async fn of_no_conversations_no_messages_are_asked() {
    let mut messages = MockMessages::new();
    messages.expect_latest().never();
    let (_, service) = service();
    let service = service.messages(Arc::new(messages)).build();
    assert_eq!(list(&service, 1, 10).await, SortedConversations::default());
}

#[tokio::test]
async fn an_entry_is_written_as_openim_s_clients_read_it() {
    let (_, service) = service();
    let service = service.messages(messages(&[("sg_a", 0)])).build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    pin(&service, "sg_b").await;
    let listed = serde_json::to_value(list(&service, 1, 10).await).unwrap();
    let silent = serde_json::json!({
        "conversationID": "sg_b", "recvMsgOpt": 0, "unreadCount": 0, "IsPinned": true, "msgInfo": null,
    });
    assert_eq!(listed["conversationElems"][0], silent);
    let message = serde_json::json!({
        "serverMsgID": "", "clientMsgID": "", "sessionType": 0, "sendID": "", "recvID": "", "senderName": "",
        "faceURL": "", "groupID": "", "groupName": "", "groupFaceURL": "", "groupType": 0, "groupMemberCount": 0,
        "LatestMsgRecvTime": crate::setup::NOW.0, "msgFrom": 0, "contentType": 0, "content": "", "ex": "",
    });
    assert_eq!(listed["conversationElems"][1]["msgInfo"], message);
}
