//! Order, bounds and lanes.

use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::Duration,
};

use conversation_settings_core::WriteBatch;
use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, StoreError, WriteProfile};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{
    gate::{GateStore, key, set},
    merging::{AT, call},
};

async fn waiting(writer: &Writer, count: usize) {
    while writer.waiting() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn runs_the_batches_of_an_owner_one_at_a_time_in_the_order_of_the_calls() {
    let store = GateStore::new(0).with_profile(WriteProfile::merging(4));
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let mut calls = Vec::new();
    for min_seq in 1..=20 {
        calls.push(call(&writer, set(&["alice"], min_seq)));
        tokio::task::yield_now().await;
    }
    store.started(1).await;
    store.open(100);
    let mut versions = Vec::new();
    for call in calls {
        versions.push(call.await.unwrap().unwrap()[0].version.unwrap().0);
    }
    assert!(versions.is_sorted(), "{versions:?}");
    assert_eq!(store.get_one(key("alice")).await.unwrap().unwrap().settings.min_seq.get(), 20);
}

#[tokio::test]
async fn rejects_a_batch_before_anything_is_written_when_the_queue_is_full() {
    let store = GateStore::new(0);
    let mut options = WriterOptions::default();
    options.max_waiting_writes = 2;
    let writer = Writer::new(store.clone(), options);
    let calls = ["a", "b", "c"].map(|owner| call(&writer, set(&[owner], 1)));
    store.started(1).await;
    waiting(&writer, 2).await;
    let error = writer.apply(&set(&["d"], 1), AT).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { store: "writer", .. }), "{error:?}");
    store.open(10);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(store.get_one(key("d")).await.unwrap(), None);
    writer.apply(&set(&["d"], 1), AT).await.unwrap();
}

#[tokio::test]
async fn lets_small_batches_pass_a_large_one() {
    let store = GateStore::new(0);
    let mut options = WriterOptions::default();
    options.large_batch = 2;
    let writer = Writer::new(store.clone(), options);
    let large = call(&writer, set(&["a", "b", "c"], 1));
    store.started(1).await;
    let another = call(&writer, set(&["x", "y", "z"], 1));
    waiting(&writer, 3).await;
    let small = call(&writer, set(&["d"], 1));
    store.started(2).await;
    assert_eq!(store.batches()[1], ["d"], "the small batch runs beside the large one, another large one waits");
    store.open(10);
    for call in [large, another, small] {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn drops_a_batch_whose_caller_leaves_before_it_starts() {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let first = call(&writer, set(&["a"], 1));
    store.started(1).await;
    let leaving = call(&writer, set(&["a", "b"], 2));
    let staying = call(&writer, set(&["b"], 3));
    waiting(&writer, 3).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    store.open(10);
    first.await.unwrap().unwrap();
    let effects = staying.await.unwrap().unwrap();
    assert_eq!(effects[0].version.unwrap().0, 1, "the dropped batch wrote nothing for b");
    assert_eq!(store.get_one(key("a")).await.unwrap().unwrap().settings.min_seq.get(), 1);
}

#[tokio::test]
async fn runs_a_started_batch_to_its_end_when_its_caller_leaves() {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let leaving = call(&writer, set(&["a"], 1));
    store.started(1).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    store.open(10);
    writer.apply(&set(&["a"], 2), AT).await.unwrap();
    assert_eq!(store.version(&crate::gate::user("a")).await.unwrap().version.0, 2);
}

/// Whatever the calls, each is applied once: owners' versions count their batches.
#[test]
fn applies_each_batch_once_whatever_the_calls() {
    const OWNERS: [&str; 5] = ["a", "b", "c", "d", "e"];
    let owners = proptest::sample::subsequence(OWNERS.to_vec(), 1..=3);
    let calls = proptest::collection::vec(owners, 1..40);
    let options = (1_usize..4, 1_usize..6, 1_usize..4, any::<bool>());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&(calls, options), |(calls, (lanes, merged, large, merges))| {
            let mut options = WriterOptions::default();
            (options.max_merged_writes, options.large_batch) = (merged, large);
            let profile = if merges { WriteProfile::merging(lanes) } else { WriteProfile::separate(lanes) };
            runtime.block_on(apply_all(&calls, profile, options));
            Ok(())
        })
        .unwrap();
}

async fn apply_all(calls: &[Vec<&str>], profile: WriteProfile, options: WriterOptions) {
    let store = GateStore::new(calls.len()).with_profile(profile);
    let writer = Writer::new(store.clone(), options);
    let batches: Vec<WriteBatch> = (1..).zip(calls).map(|(n, owners)| set(owners, n)).collect();
    let running: Vec<_> = batches.into_iter().map(|batch| call(&writer, batch)).collect();
    for (call, owners) in running.into_iter().zip(calls) {
        let effects = call.await.unwrap().unwrap();
        assert_eq!(effects.len(), owners.len());
        assert!(effects.iter().all(|effect| effect.version.is_some()), "each call changes each of its owners");
    }
    assert_eq!(writer.waiting(), 0);
    for owner in ["a", "b", "c", "d", "e"] {
        let of_owner: Vec<usize> =
            (1..).zip(calls).filter(|(_, names)| names.contains(&owner)).map(|(n, _)| n).collect();
        let version = store.version(&crate::gate::user(owner)).await.unwrap().version.0;
        assert_eq!(version, of_owner.len() as u64, "{owner} has one version for each batch");
        let stored = store.get_one(key(owner)).await.unwrap().map(|stored| stored.settings.min_seq.get());
        assert_eq!(stored, of_owner.last().map(|n| i64::try_from(*n).unwrap()), "{owner} has the last call's value");
    }
}

#[tokio::test(start_paused = true)]
async fn overtakes_a_transaction_that_is_slow() {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let slow = call(&writer, set(&["alice"], 1));
    store.started(1).await;
    let (same_owner, other) = (call(&writer, set(&["alice"], 2)), call(&writer, set(&["bob"], 1)));
    while store.batches().len() < 2 {
        assert_eq!(store.batches(), [["alice"]]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(store.batches(), [["alice"], ["bob"]], "the owner's own batches keep their order");
    store.open(3);
    for call in [slow, same_owner, other] {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn needs_no_poll_of_a_caller_that_others_wait_for() {
    let store = GateStore::new(0);
    let writer = Writer::new(store.clone(), WriterOptions::default());
    let batch = set(&["alice"], 1);
    let mut first = Box::pin(writer.apply(&batch, AT));
    for _ in 0..2 {
        let polled = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
        assert!(polled.is_pending());
    }
    // The first caller is not polled from here on.
    let second = call(&writer, set(&["bob"], 1));
    store.open(2);
    second.await.unwrap().unwrap();
    first.await.unwrap();
}
