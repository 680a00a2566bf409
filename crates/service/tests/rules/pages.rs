//! Pages by number, and the short lists.

use conversation_settings_service::{Code, Pagination, Service};

use crate::setup::{admin, create, ids, service, set_group, text};

async fn page(service: &Service, number: i32, size: i32) -> (usize, Vec<String>) {
    let page = Some(Pagination::new(number, size));
    let found = service.get_owner_conversation(&admin(), text("alice"), page).await.unwrap();
    (found.total, ids(&found.conversations).iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn pages_are_in_a_stable_order_and_tell_the_total() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_c", "sg_a", "sg_d", "sg_b", "sg_e"]).await;
    create(&service, "bob", &["sg_f"]).await;
    assert_eq!(page(&service, 1, 2).await, (5, vec!["sg_a".into(), "sg_b".into()]));
    assert_eq!(page(&service, 2, 2).await, (5, vec!["sg_c".into(), "sg_d".into()]));
    assert_eq!(page(&service, 3, 2).await, (5, vec!["sg_e".into()]));
    assert_eq!(page(&service, 4, 2).await, (5, Vec::new()));
    assert_eq!(page(&service, i32::MAX, i32::MAX).await, (5, Vec::new()), "a huge page is past the end");
    assert_eq!(page(&service, 1, i32::MAX).await.1.len(), 5, "a huge page has all");
    assert_eq!(page(&service, 1, 0).await, (5, Vec::new()), "none is asked for");
}

#[tokio::test]
async fn a_page_may_span_what_the_store_reads_at_a_time() {
    let (_, service) = service();
    let service = service.build();
    let all: Vec<_> = (0..1_003).map(|n| format!("sg_{n:04}")).collect();
    create(&service, "alice", &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(page(&service, 334, 3).await, (1_003, all[999..1_002].to_vec()));
}

#[tokio::test]
async fn a_page_that_cannot_be_is_named() {
    let (_, service) = service();
    let service = service.build();
    let pages = [None, Some(Pagination::new(0, 10)), Some(Pagination::new(1, -1))];
    let mut errors = Vec::new();
    for page in pages {
        let error = service.get_owner_conversation(&admin(), text("alice"), page).await.unwrap_err();
        let sorted = service.get_sorted_conversation_list(&admin(), text("alice"), None, page).await.unwrap_err();
        assert_eq!((error.code(), sorted.to_string()), (Code::Args, error.to_string()));
        errors.push(error.to_string());
    }
    assert_eq!(
        errors,
        [
            "pagination: is required",
            "pagination.pageNumber: must be at least 1, got 0",
            "pagination.showNumber: must be at least 0, got -1",
        ]
    );
}

#[tokio::test]
async fn pinned_and_silent_conversations_are_listed_by_their_ids() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_b", "sg_a"]).await;
    let context = admin();
    let pinned = async || service.get_pinned_conversation_ids(&context, text("alice")).await.unwrap();
    let silent = async || service.get_not_notify_conversation_ids(&context, text("alice")).await.unwrap();
    assert!(pinned().await.is_empty() && silent().await.is_empty());
    set_group(&service, &context, &["alice"], r#""isPinned": true, "recvMsgOpt": 2"#).await.unwrap();
    assert_eq!(pinned().await, silent().await);
    assert_eq!(pinned().await.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["sg_team"]);
    set_group(&service, &context, &["alice"], r#""recvMsgOpt": 1"#).await.unwrap();
    assert!(silent().await.is_empty(), "not received is not received in silence");
}
