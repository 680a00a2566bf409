//! No call fails because of another.

use conversation_settings_core::{Rejected, Version};
use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, StoreError};

use crate::{
    gate::{GateStore, key, set, set_existing},
    merging::{AT, call},
};

/// A writer whose one lane is busy, so that the calls that follow wait together.
async fn busy() -> (GateStore, Writer) {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    drop(call(&writer, set(&["first"], 1)));
    store.started(1).await;
    (store, writer)
}

async fn open_when_waiting(store: &GateStore, writer: &Writer, count: usize) {
    while writer.waiting() < count {
        tokio::task::yield_now().await;
    }
    store.open(100);
}

#[tokio::test]
async fn rejects_only_the_call_that_must_be_rejected() {
    let (store, writer) = busy().await;
    let rejected = call(&writer, set_existing(&["nobody"], 1));
    let good = call(&writer, set(&["alice"], 1));
    open_when_waiting(&store, &writer, 2).await;
    let error = rejected.await.unwrap().unwrap_err();
    assert!(matches!(&error, StoreError::Rejected(Rejected::Missing(missing)) if *missing == key("nobody")), "{error}");
    let effects = good.await.unwrap().unwrap();
    assert_eq!(effects[0].version, Some(Version(1)), "applied once");
    assert_eq!(store.batches()[1..], [vec!["alice", "nobody"], vec!["nobody"], vec!["alice"]]);
}

#[tokio::test]
async fn runs_the_parts_one_by_one_after_a_conflict() {
    let (store, writer) = busy().await;
    let one = call(&writer, set(&["conflict"], 1));
    let other = call(&writer, set(&["alice"], 1));
    open_when_waiting(&store, &writer, 2).await;
    assert!(one.await.unwrap().is_ok() && other.await.unwrap().is_ok());
}

#[tokio::test]
async fn answers_every_part_that_the_store_is_unavailable() {
    let (store, writer) = busy().await;
    let one = call(&writer, set(&["down"], 1));
    let other = call(&writer, set(&["alice"], 1));
    open_when_waiting(&store, &writer, 2).await;
    for call in [one, other] {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { store: "gate", .. }), "{error:?}");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the line is down");
    }
}

#[tokio::test]
async fn makes_a_panic_the_error_of_its_call_alone() {
    let (store, writer) = busy().await;
    let panicking = call(&writer, set(&["panic"], 1));
    let good = call(&writer, set(&["alice"], 1));
    open_when_waiting(&store, &writer, 2).await;
    assert!(matches!(panicking.await.unwrap(), Err(StoreError::Unavailable { store: "writer", .. })));
    assert!(good.await.unwrap().is_ok());
    writer.apply(&set(&["panic2"], 1), AT).await.unwrap();
    assert!(store.get_one(key("panic2")).await.unwrap().is_some(), "the writer goes on");
}

#[tokio::test]
async fn notices_two_batches_of_one_owner_at_once() {
    // What a writer without lines would do: the tests of this program rely on the store to notice it.
    let store = GateStore::new(0);
    let first = tokio::spawn({
        let store = store.clone();
        async move { store.apply(&set(&["alice"], 1), AT).await }
    });
    store.started(1).await;
    let second = tokio::spawn({
        let store = store.clone();
        async move { store.apply(&set(&["alice"], 2), AT).await }
    });
    assert!(second.await.unwrap_err().is_panic());
    store.open(1);
    first.await.unwrap().unwrap();
}
