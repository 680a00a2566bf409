//! The writer's metrics.

use conversation_settings_core::Patch;
use conversation_settings_store::ConversationStore;
use conversation_settings_store_sqlite::metrics::{CALLS_PER_COMMIT, QUEUE_DEPTH};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::task::JoinSet;

use crate::harness::{AT, Folder, key, set};

/// The current value of a metric. Reading a gauge resets it to 0.
fn value(snapshotter: &Snapshotter, name: &str) -> DebugValue {
    let all = snapshotter.snapshot().into_vec().into_iter();
    let mut values = all.filter(|(key, ..)| key.key().name() == name).map(|(_, _, _, value)| value);
    values.next().unwrap()
}

#[test]
fn counts_waiting_calls() {
    const CALLS: usize = 8;
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = Folder::new();
            let store = std::sync::Arc::new(folder.open());
            // Another program's lock makes calls wait. The writer may or may not have taken the first.
            let mut other = rusqlite::Connection::open(folder.database()).unwrap();
            let locked = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
            let mut callers = JoinSet::new();
            for caller in 0..CALLS {
                let store = store.clone();
                let batch = set([key(&format!("user_{caller}"), "sg_team")], &Patch::KEEP.is_pinned(true));
                callers.spawn(async move { store.apply(&batch, AT).await.unwrap() });
            }
            tokio::task::yield_now().await;
            let DebugValue::Gauge(waiting) = value(&snapshotter, QUEUE_DEPTH) else { panic!("it is a gauge") };
            assert!([7.0, 8.0].contains(&waiting.0), "{waiting}");

            drop(locked);
            callers.join_all().await;
            assert_eq!(value(&snapshotter, QUEUE_DEPTH), DebugValue::Gauge(-waiting), "no call waits");
        });
    });
}

#[test]
fn counts_calls_per_commit() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = Folder::new();
            let store = folder.open();
            let with_noop = [Patch::KEEP.is_pinned(true), Patch::KEEP.is_pinned(true), Patch::KEEP.ex("x")];
            for patch in &with_noop {
                store.apply(&set([key("a", "sg_team")], patch), AT).await.unwrap();
            }
        });
    });
    let DebugValue::Histogram(commits) = value(&snapshotter, CALLS_PER_COMMIT) else { panic!("it is a histogram") };
    assert_eq!(commits.into_iter().map(|calls| calls.0).collect::<Vec<_>>(), [1.0, 1.0, 1.0]);
}
