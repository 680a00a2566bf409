//! Batches that wait share a transaction.

use conversation_settings_core::{Effect, Outcome, Timestamp, Version};
use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, WriteProfile};

use crate::gate::{GateStore, key, set};

pub(crate) const AT: Timestamp = Timestamp(1_700_000_000_000);

/// Starts a call that waits for the store, and returns once it waits.
pub(crate) fn call(
    writer: &Writer,
    batch: conversation_settings_core::WriteBatch,
) -> tokio::task::JoinHandle<Result<Vec<Effect>, conversation_settings_store::StoreError>> {
    let writer = writer.clone();
    tokio::spawn(async move { writer.apply(&batch, AT).await.map(|applied| applied.effects) })
}

fn created(version: u64) -> Effect {
    Effect { outcome: Outcome::Created, version: Some(Version(version)) }
}

#[tokio::test]
async fn starts_a_lone_batch_at_once() {
    let store = GateStore::new(1);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let applied = writer.apply(&set(&["alice"], 1), AT).await.unwrap();
    assert_eq!(applied.effects, [created(1)]);
    assert_eq!(store.batches(), [["alice"]]);
}

#[tokio::test]
async fn merges_batches_that_wait_and_gives_each_caller_its_effects() {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let first = call(&writer, set(&["alice"], 1));
    store.started(1).await;
    let second = call(&writer, set(&["dave", "bob"], 2));
    let third = call(&writer, set(&["carol"], 3));
    let again = call(&writer, set(&["alice"], 4));
    while writer.waiting() < 4 {
        tokio::task::yield_now().await;
    }
    store.open(10);
    assert_eq!(first.await.unwrap().unwrap(), [created(1)]);
    assert_eq!(second.await.unwrap().unwrap(), [created(1), created(1)]);
    assert_eq!(third.await.unwrap().unwrap(), [created(1)]);
    let updated = again.await.unwrap().unwrap();
    assert_eq!(updated[0].version, Some(Version(2)));
    assert_eq!(store.batches().len(), 2, "the batches that waited were one: {:?}", store.batches());
    assert_eq!(store.batches()[1], ["alice", "bob", "carol", "dave"]);
    for (owner, min_seq) in [("alice", 4), ("bob", 2), ("carol", 3), ("dave", 2)] {
        let stored = store.get_one(key(owner)).await.unwrap().unwrap();
        assert_eq!((stored.settings.min_seq.get(), stored.created_at), (min_seq, AT), "{owner}");
    }
}

#[tokio::test]
async fn merges_up_to_the_bound() {
    let store = GateStore::new(0);
    let mut options = WriterOptions::default();
    options.max_merged_writes = 2;
    let writer = Writer::new(store.clone(), options);
    let mut calls = vec![call(&writer, set(&["a"], 1))];
    store.started(1).await;
    calls.extend(["b", "c", "d"].map(|owner| call(&writer, set(&[owner], 1))));
    while writer.waiting() < 3 {
        tokio::task::yield_now().await;
    }
    store.open(10);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(store.batches().iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
}

#[tokio::test]
async fn does_not_merge_where_merging_is_off() {
    let store = GateStore::new(0).with_profile(WriteProfile::separate(1));
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let calls = ["a", "b", "c"].map(|owner| call(&writer, set(&[owner], 1)));
    store.open(10);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(store.batches().iter().all(|batch| batch.len() == 1), "{:?}", store.batches());
}

#[tokio::test]
async fn does_not_merge_batches_of_different_creation_times() {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let first = call(&writer, set(&["a"], 1));
    store.started(1).await;
    let second = call(&writer, set(&["b"], 1));
    let third = {
        let writer = writer.clone();
        tokio::spawn(async move { writer.apply(&set(&["c"], 1), Timestamp(7)).await })
    };
    while writer.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    store.open(10);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
    let created_at = async |owner| store.get_one(key(owner)).await.unwrap().unwrap().created_at;
    assert_eq!((created_at("b").await, created_at("c").await), (AT, Timestamp(7)));
}
