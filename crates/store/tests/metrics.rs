//! The metrics of a store.

use std::{future::ready, sync::Arc, time::Duration};

use conversation_settings_core::{Patch, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    ConversationStore, Filter, OwnerVersion, PageRequest, StoreError, Wanted,
    adapter::{Attempt, Retry},
    metrics::{self, MeteredStore},
};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// Runs `work`, and returns each combination of labels of the metric `name`, with its count.
fn recorded(name: &str, work: impl Future<Output = ()>) -> Vec<(Vec<String>, usize)> {
    let recorder = DebuggingRecorder::new();
    ::metrics::with_local_recorder(&recorder, || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work);
    });
    let all = recorder.snapshotter().snapshot().into_vec();
    let entries = all.into_iter().filter(|(key, ..)| key.key().name() == name).map(|(key, _, description, value)| {
        assert!(description.is_some(), "{name} is described");
        let labels = key.key().labels().map(|label| label.value().to_owned()).collect();
        match value {
            DebugValue::Counter(count) => (labels, usize::try_from(count).unwrap()),
            DebugValue::Histogram(values) => (labels, values.len()),
            DebugValue::Gauge(_) => panic!("{name} is a gauge"),
        }
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries
}

fn entry(labels: [&str; 3], count: usize) -> (Vec<String>, usize) {
    (labels.map(ToOwned::to_owned).to_vec(), count)
}

#[test]
fn measures_every_operation_under_its_own_name() {
    let recorded = recorded(metrics::OPERATION_SECONDS, async {
        let store = MeteredStore::new("memory", MemoryStore::new());
        let alice = UserId::new("alice").unwrap();
        store.apply(&WriteBatch::new(Vec::new()).unwrap(), Timestamp(0)).await.unwrap();
        store.apply_while_wanted(&WriteBatch::new(Vec::new()).unwrap(), Timestamp(0), &Wanted::ALWAYS).await.unwrap();
        store.get(&[]).await.unwrap();
        store.list(&alice, &Filter::is(Patch::KEEP), &PageRequest::first(1)).await.unwrap();
        store.list_by_conversation(&"sg_team".parse().unwrap(), &Filter::ALL, &PageRequest::first(1)).await.unwrap();
        store.count(&alice).await.unwrap();
        store.ready().await.unwrap();
        store.version(&alice).await.unwrap();
        store.changes(&alice, &OwnerVersion::default(), 1).await.unwrap();
        store.changes(&alice, &OwnerVersion::default(), 1).await.unwrap();
        store.prune(&alice, Version::ZERO).await.unwrap();
    });
    let counts = [("apply", 2), ("changes", 2), ("count", 1), ("get", 1), ("list", 1), ("list_by_conversation", 1)];
    let more = [("prune", 1), ("ready", 1), ("version", 1)];
    let expected: Vec<_> =
        counts.into_iter().chain(more).map(|(name, count)| entry(["memory", name, "ok"], count)).collect();
    assert_eq!(recorded, expected);
}

#[test]
fn measures_a_failure_under_its_kind() {
    let recorded = recorded(metrics::OPERATION_SECONDS, async {
        let plan = FaultPlan::script([Fault::Conflict, Fault::FailBefore]);
        let store = FaultyStore::new(Arc::new(MemoryStore::new())).reads(plan);
        let store = MeteredStore::new("faulty", store);
        for _ in 0..3 {
            let _ = store.get(&[]).await;
        }
    });
    assert_eq!(recorded, ["conflict", "ok", "unavailable"].map(|result| entry(["faulty", "get", result], 1)));
}

#[test]
fn measures_an_abandoned_operation() {
    let recorded = recorded(metrics::OPERATION_SECONDS, async {
        let plan = FaultPlan::script([Fault::Delay { before: 1_000, after: 0 }]);
        let store = FaultyStore::new(Arc::new(MemoryStore::new())).reads(plan);
        let store = MeteredStore::new("faulty", store);
        tokio::select! {
            biased;
            _ = store.get(&[]) => panic!("the store is still waiting"),
            () = ready(()) => (),
        }
    });
    assert_eq!(recorded, [entry(["faulty", "get", "abandoned"], 1)]);
}

#[test]
fn counts_each_further_attempt_by_store_and_cause() {
    let recorded = recorded(metrics::RETRIES, async {
        let _described = MeteredStore::new("memory", MemoryStore::new());
        let retry = Retry::NEW.attempts(4).delays(Duration::ZERO, Duration::ZERO);
        let conflict = || StoreError::Conflict { store: "mongodb", source: "another writer".into() };
        let operation = || ready(Err::<(), _>(Attempt::Again(conflict())));
        retry.run(|_| ready(()), || 0.0, operation).await.unwrap_err();
    });
    assert_eq!(recorded, [(["mongodb", "conflict"].map(ToOwned::to_owned).to_vec(), 3)]);
}
