//! What an error is called, and whether it passes by itself.

use std::sync::Arc;

use conversation_settings_core::{ArgsError, Rejected, Violation};
use conversation_settings_service::{Clock, Code, Service, ServiceError, SystemClock};
use conversation_settings_store::{OwnerVersion, StoreError};
use conversation_settings_testkit::mocks::MockStore;

use crate::setup::{admin, key, set_group};

fn unavailable() -> StoreError {
    StoreError::Unavailable { store: "mock", source: "out for lunch".into() }
}

#[test]
fn each_code_has_its_number_and_name() {
    let table = Code::ALL.iter().map(|code| (code.number(), code.name())).collect::<Vec<_>>();
    assert_eq!(
        table,
        [
            (429, "TooManyRequestsError"),
            (500, "ServerInternalError"),
            (1001, "ArgsError"),
            (1002, "NoPermissionError"),
            (1004, "RecordNotFoundError"),
            (1204, "DismissedAlreadyError"),
            (1501, "TokenExpiredError"),
            (1503, "TokenMalformedError"),
            (1504, "TokenNotValidYetError"),
            (1505, "TokenUnknownError"),
        ]
    );
}

#[test]
fn a_store_s_refusal_is_the_caller_s_mistake_and_its_failure_is_not() {
    let key = || key("alice", "sg_team");
    let other = StoreError::Other { store: "mock", source: "no".into() };
    let table = [
        (StoreError::from(Rejected::Missing(key())), Code::RecordNotFound, false),
        (StoreError::from(Rejected::NotSingleChat(key())), Code::Args, false),
        (unavailable(), Code::ServerInternal, true),
        (other, Code::ServerInternal, false),
    ];
    for (error, code, is_retryable) in table {
        let error = ServiceError::from(error);
        assert_eq!((error.code(), error.is_retryable()), (code, is_retryable), "{error}");
    }
    let error = ServiceError::from(StoreError::from(Rejected::NotSingleChat(key())));
    let text =
        "conversation.isPrivateChat: conversation sg_team of alice is not a single chat, so it cannot be a private one";
    assert_eq!(error.to_string(), text);
    assert!(!ServiceError::from(ArgsError::new("userIDs", Violation::Empty)).is_retryable());
}

#[tokio::test]
async fn a_store_that_panics_cuts_the_call_off_and_nothing_else() {
    let mut store = MockStore::new();
    store.expect_apply().returning(|_, _| panic!("planned"));
    let service = Service::builder(Arc::new(store)).build();
    let error = set_group(&service, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap_err();
    assert!(matches!(error, ServiceError::Aborted));
    assert_eq!((error.code(), error.is_retryable()), (Code::ServerInternal, true));
}

#[tokio::test]
async fn the_service_is_ready_when_its_store_answers() {
    let mut store = MockStore::new();
    let mut answers = [Err(unavailable()), Ok(OwnerVersion::default())].into_iter();
    store.expect_version().times(2).returning(move |_| answers.next().unwrap());
    let service = Service::builder(Arc::new(store)).build();
    assert!(service.ready().await.is_err());
    assert!(service.ready().await.is_ok());
}

#[test]
fn the_system_s_clock_tells_the_time() {
    let year_2024 = 1_704_067_200_000;
    let now = SystemClock.now();
    assert!(now.0 > year_2024, "{now:?}");
    let (_, service) = crate::setup::service();
    assert_eq!(service.build().clock().now(), crate::setup::NOW, "unless the host brings another");
}
