//! Errors: their kinds, and whether a call may be repeated.

use conversation_settings_core::{ArgsError, Rejected, Violation};
use conversation_settings_service::testing::MockStore;
use conversation_settings_service::{Clock, Service, ServiceError, SystemClock};
use conversation_settings_store::{OwnerVersion, StoreError};

use crate::setup::{admin, key, set_group};

fn unavailable() -> StoreError {
    StoreError::Unavailable { store: "mock", source: "planned".into() }
}

#[test]
fn maps_rejections_to_the_caller_and_failures_to_the_store() {
    let key = || key("alice", "sg_team");
    let missing = ServiceError::from(StoreError::from(Rejected::Missing(key())));
    assert!(matches!(missing, ServiceError::NotFound(_)) && !missing.is_retryable());
    let not_single = ServiceError::from(StoreError::from(Rejected::NotSingleChat(key())));
    assert!(matches!(not_single, ServiceError::Args(_)) && !not_single.is_retryable());
    let text = format!("conversation.isPrivateChat: {}", Rejected::NotSingleChat(key()));
    assert_eq!(not_single.to_string(), text);
    let error = ArgsError::new("userIDs", Violation::Blank { got: "alice ".into() });
    let blank = ServiceError::from(StoreError::from(Rejected::NotCreatable { key: key(), error }));
    assert!(matches!(blank, ServiceError::Args(_)) && !blank.is_retryable());
    assert_eq!(blank.to_string(), "userIDs: must not begin or end with white space, got \"alice \"");
    let failed = ServiceError::from(unavailable());
    assert!(matches!(failed, ServiceError::Store(_)) && failed.is_retryable());
    let other = ServiceError::from(StoreError::Other { store: "mock", source: "no".into() });
    assert!(matches!(other, ServiceError::Store(_)) && !other.is_retryable());
    assert!(!ServiceError::from(ArgsError::new("userIDs", Violation::Empty)).is_retryable());
}

#[tokio::test]
async fn aborts_the_call_alone_if_the_store_panics() {
    let mut store = MockStore::new();
    store.expect_apply_while_wanted().returning(|_, _, _| panic!("planned"));
    let service = Service::builder(store).build();
    let error = set_group(&service, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap_err();
    assert!(matches!(error, ServiceError::Aborted) && error.is_retryable());
}

#[tokio::test]
async fn is_ready_if_the_store_answers() {
    let mut store = MockStore::new();
    let mut answers = [Err(unavailable()), Ok(OwnerVersion::default())].into_iter();
    store.expect_version().times(2).returning(move |_| answers.next().unwrap());
    let service = Service::builder(store).build();
    assert!(service.ready().await.is_err());
    assert!(service.ready().await.is_ok());
}

#[test]
fn takes_the_time_from_the_system_unless_set() {
    let year_2024 = 1_704_067_200_000;
    let now = SystemClock.now();
    assert!(now.0 > year_2024, "{now:?}");
    let (_, service) = crate::setup::service();
    assert_eq!(service.build().clock().now(), crate::setup::NOW, "a host may set another clock");
}
