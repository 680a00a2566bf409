//! Lists of an owner's conversations, by position, by page and by filter.

use std::ops::Range;

use conversation_settings_core::{ConversationId, Patch, RecvMsgOpt};
use conversation_settings_service::{Service, testing::MockStore};
use conversation_settings_store::{ConversationStore, Filter, Page, PageRequest};

use crate::setup::{admin, create, id, ids, service, set_group, user};

async fn range(service: &Service, range: Range<usize>) -> (usize, Vec<String>) {
    let found = service.list_range(&admin(), &user("alice"), range).await.unwrap();
    (found.total, ids(&found.conversations).iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn lists_a_range_in_a_stable_order_with_the_total() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_c", "sg_a", "sg_d", "sg_b", "sg_e"]).await;
    create(&service, "bob", &["sg_f"]).await;
    assert_eq!(range(&service, 0..2).await, (5, vec!["sg_a".into(), "sg_b".into()]));
    assert_eq!(range(&service, 2..4).await, (5, vec!["sg_c".into(), "sg_d".into()]));
    assert_eq!(range(&service, 4..6).await, (5, vec!["sg_e".into()]));
    assert_eq!(range(&service, 6..8).await, (5, Vec::new()));
    assert_eq!(range(&service, usize::MAX - 1..usize::MAX).await, (5, Vec::new()), "a range past the end is empty");
    assert_eq!(range(&service, 0..usize::MAX).await.1.len(), 5, "a huge range has all");
    assert_eq!(range(&service, 0..0).await, (5, Vec::new()), "an empty range has none");
}

#[tokio::test]
async fn lists_a_range_across_reads_of_the_store() {
    let (_, service) = service();
    let service = service.build();
    let all: Vec<_> = (0..1_003).map(|n| format!("sg_{n:04}")).collect();
    create(&service, "alice", &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(range(&service, 999..1_002).await, (1_003, all[999..1_002].to_vec()));
}

/// A store with an owner of a million conversations, of which a page may have as many as the test says.
fn large_owner(pages: Vec<(usize, Page<ConversationId>)>) -> Service {
    let mut store = MockStore::new();
    store.expect_count().times(1).returning(|_| Ok(1_000_000));
    let mut pages = pages.into_iter();
    store.expect_list().times(pages.len()).returning(move |_, _, request| {
        let (limit, page) = pages.next().unwrap();
        assert_eq!(request.limit, limit);
        Ok(page)
    });
    Service::builder(store).build()
}

#[tokio::test]
async fn reads_of_a_large_owner_only_what_a_page_needs() {
    let (store, small) = service();
    create(&small.build(), "alice", &["sg_a", "sg_b", "sg_c"]).await;
    let page = async |after: Option<&str>, limit| {
        let request = PageRequest { after: after.map(id), limit };
        store.list(&user("alice"), &Filter::ALL, &request).await.unwrap()
    };
    let first = large_owner(vec![(1, page(None, 1).await)]);
    assert_eq!(range(&first, 0..1).await, (1_000_000, vec!["sg_a".into()]));
    let second = large_owner(vec![(2, page(None, 2).await)]);
    assert_eq!(range(&second, 1..2).await, (1_000_000, vec!["sg_b".into()]));
    for past_the_end in [1_000_000..1_000_020, 5..5] {
        assert_eq!(range(&large_owner(Vec::new()), past_the_end).await, (1_000_000, Vec::new()));
    }
}

#[tokio::test]
async fn lists_page_by_page_what_matches_a_filter() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b", "sg_c"]).await;
    let (context, alice) = (admin(), user("alice"));
    let first = service.list(&context, &alice, &Filter::ALL, &PageRequest::first(2)).await.unwrap();
    assert_eq!(ids(&first.conversations), ["sg_a", "sg_b"]);
    let next = PageRequest::after(first.next.unwrap(), 2);
    let last = service.list(&context, &alice, &Filter::ALL, &next).await.unwrap();
    assert_eq!((ids(&last.conversations), last.next), (vec!["sg_c"], None));
    let pinned = Filter::is(Patch::KEEP.is_pinned(true));
    let none = service.list(&context, &alice, &pinned, &PageRequest::first(2)).await.unwrap();
    assert_eq!((none.conversations.len(), none.next), (0, None));
}

#[tokio::test]
async fn lists_pinned_and_not_notifying_conversations() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_b", "sg_a"]).await;
    let (context, alice) = (admin(), user("alice"));
    let list = async |filter: Patch| {
        let found = service.list_all(&context, &alice, &Filter::is(filter)).await.unwrap();
        ids(&found).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let pinned = async || list(Patch::KEEP.is_pinned(true)).await;
    let not_notifying = async || list(Patch::KEEP.recv_msg_opt(RecvMsgOpt::ReceiveWithoutNotifying)).await;
    assert!(pinned().await.is_empty() && not_notifying().await.is_empty());
    set_group(&service, &context, &["alice"], r#""isPinned": true, "recvMsgOpt": 2"#).await.unwrap();
    assert_eq!(pinned().await, not_notifying().await);
    assert_eq!(pinned().await, ["sg_team"]);
    set_group(&service, &context, &["alice"], r#""recvMsgOpt": 1"#).await.unwrap();
    assert!(not_notifying().await.is_empty(), "a muted conversation is not one without notification");
}
