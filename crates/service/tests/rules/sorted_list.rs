//! The list in the order in which a client shows it.

use std::{ops::Range, sync::Arc};

use conversation_settings_service::testing::MockMessages;
use conversation_settings_service::{Service, SortedList};

use crate::{
    remove::messages,
    setup::{NOW, admin, conversation_ids, create, service, set, user},
};

async fn list(service: &Service, range: Range<usize>) -> SortedList {
    service.sorted_list(&admin(), &user("alice"), None, range).await.unwrap()
}

fn ids(list: &SortedList) -> Vec<&str> {
    list.entries.iter().map(|entry| entry.conversation.key.conversation_id.as_str()).collect()
}

async fn pin(service: &Service, id: &str) {
    let conversation = format!(r#""conversationID": {id:?}, "conversationType": 3, "groupID": "team""#);
    set(service, &admin(), &["alice"], &conversation, r#""isPinned": true"#).await.unwrap();
}

#[tokio::test]
async fn lists_pinned_then_latest_first() {
    let (_, service) = service();
    let ages = &[("sg_a", 30), ("sg_b", 20), ("sg_c", 10), ("sg_d", 40), ("sg_e", 40)];
    let service = service.messages(messages(ages)).build();
    create(&service, "alice", &["sg_f", "sg_d", "sg_a", "sg_b", "sg_c", "sg_e"]).await;
    pin(&service, "sg_a").await;
    pin(&service, "sg_d").await;
    let all = list(&service, 0..100).await;
    // sg_f has no message and was created just now.
    assert_eq!(ids(&all), ["sg_a", "sg_d", "sg_f", "sg_c", "sg_b", "sg_e"]);
    assert_eq!((all.total, all.unread_total), (6, 5));
    let is_pinned = |position: usize| all.entries[position].conversation.settings.is_pinned;
    assert!(is_pinned(0) && !is_pinned(2));
    assert_eq!(all.entries[2].latest.message, None);
    let pages = [list(&service, 0..4).await, list(&service, 4..8).await, list(&service, 8..12).await];
    assert_eq!(pages.each_ref().map(ids), [ids(&all)[..4].to_vec(), ids(&all)[4..].to_vec(), vec![]]);
    assert!(pages.iter().all(|page| (page.total, page.unread_total) == (6, 5)));
}

#[tokio::test]
async fn sorts_by_creation_without_messages_and_keeps_equal_times() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_c", "sg_a", "sg_b"]).await;
    let all = list(&service, 0..100).await;
    assert_eq!((ids(&all), all.total, all.unread_total), (vec!["sg_a", "sg_b", "sg_c"], 3, 0));
}

#[tokio::test]
async fn lists_the_named_conversations_only() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b", "sg_c"]).await;
    let named = conversation_ids(&["sg_c", "sg_gone", "sg_a", "sg_c"]);
    let some = service.sorted_list(&admin(), &user("alice"), Some(&named), 0..10).await.unwrap();
    assert_eq!((ids(&some), some.total), (vec!["sg_a", "sg_c"], 2));
    let none = service.sorted_list(&admin(), &user("bob"), None, 0..10).await.unwrap();
    assert_eq!(none, SortedList::default());
    let none = service.sorted_list(&admin(), &user("alice"), Some(&[]), 0..10).await.unwrap();
    assert_eq!(none, SortedList::default(), "none are named");
}

#[tokio::test]
async fn reads_no_messages_of_no_conversations() {
    let mut messages = MockMessages::new();
    messages.expect_latest().never();
    let (_, service) = service();
    let service = service.messages(Arc::new(messages)).build();
    assert_eq!(list(&service, 0..10).await, SortedList::default());
}

#[tokio::test]
async fn passes_the_latest_message_on() {
    let (_, service) = service();
    let service = service.messages(messages(&[("sg_a", 0)])).build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    pin(&service, "sg_b").await;
    let listed = list(&service, 0..10).await;
    let latest: Vec<_> = listed.entries.iter().map(|entry| &entry.latest).collect();
    assert_eq!((latest[0].unread_count, &latest[0].message), (0, &None));
    assert_eq!((latest[1].unread_count, latest[1].message.as_ref().unwrap().sent_at), (1, NOW));
}

#[tokio::test]
async fn lists_the_same_range_of_a_list_that_takes_many_reads() {
    let (_, service) = service();
    let service = service.messages(messages(&[("sg_0700", 5), ("sg_1200", 3), ("sg_1300", 1)])).build();
    let all: Vec<_> = (0..2_777).map(|n| format!("sg_{n:04}")).collect();
    create(&service, "alice", &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    pin(&service, "sg_1700").await;
    let whole = list(&service, 0..10_000).await;
    assert_eq!((whole.total, whole.unread_total, whole.entries.len()), (2_777, 3, 2_777));
    let mut expected: Vec<_> = all.iter().map(String::as_str).collect();
    // Those with messages are older than those that were created just now.
    let last = ["sg_1300", "sg_1200", "sg_0700"];
    expected.retain(|id| *id != "sg_1700" && !last.contains(id));
    expected.insert(0, "sg_1700");
    expected.extend(last);
    assert_eq!(ids(&whole), expected);
    assert_eq!(whole.entries[2_776].latest.unread_count, 1);
    for range in [0..1, 0..3, 1..2, 499..501, 998..1_003, 2_774..2_777, 2_776..9_999, 2_777..2_780, 5..5] {
        let part = list(&service, range.clone()).await;
        assert_eq!((part.total, part.unread_total), (2_777, 3), "{range:?}");
        assert_eq!(part.entries, whole.entries.get(range.start..range.end.min(2_777)).unwrap_or_default(), "{range:?}");
    }
}
