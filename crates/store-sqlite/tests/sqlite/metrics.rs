//! What the writer tells of itself.

use conversation_settings_core::Patch;
use conversation_settings_store::ConversationStore;
use conversation_settings_store_sqlite::metrics::{CALLS_PER_COMMIT, QUEUE_DEPTH};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::task::JoinSet;

use crate::harness::{AT, Folder, key, set};

/// The value of a metric, as of now. To ask for a gauge sets it to 0.
fn value(told: &Snapshotter, name: &str) -> DebugValue {
    let all = told.snapshot().into_vec().into_iter();
    let mut values = all.filter(|(key, ..)| key.key().name() == name).map(|(_, _, _, value)| value);
    values.next().unwrap()
}

#[test]
fn calls_that_wait_and_calls_that_share_a_commit_are_told() {
    const CALLS: usize = 8;
    let recorder = DebuggingRecorder::new();
    let told = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = Folder::new();
            let store = std::sync::Arc::new(folder.open());
            // While somebody else has the file, calls wait. The first may or may not be with the writer already.
            let mut other = rusqlite::Connection::open(folder.database()).unwrap();
            let locked = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
            let mut callers = JoinSet::new();
            for caller in 0..CALLS {
                let store = store.clone();
                let batch = set([key(&format!("user_{caller}"), "sg_team")], &Patch::KEEP.is_pinned(true));
                callers.spawn(async move { store.apply(&batch, AT).await.unwrap() });
            }
            tokio::task::yield_now().await;
            let DebugValue::Gauge(waiting) = value(&told, QUEUE_DEPTH) else { panic!("it is a gauge") };
            assert!([7.0, 8.0].contains(&waiting.0), "{waiting}");

            drop(locked);
            callers.join_all().await;
            assert_eq!(value(&told, QUEUE_DEPTH), DebugValue::Gauge(-waiting), "nobody waits any more");
        });
    });
}

#[test]
fn each_commit_tells_how_many_calls_it_was_for() {
    let recorder = DebuggingRecorder::new();
    let told = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = Folder::new();
            let store = folder.open();
            let silent_too = [Patch::KEEP.is_pinned(true), Patch::KEEP.is_pinned(true), Patch::KEEP.ex("x")];
            for patch in &silent_too {
                store.apply(&set([key("a", "sg_team")], patch), AT).await.unwrap();
            }
        });
    });
    let DebugValue::Histogram(commits) = value(&told, CALLS_PER_COMMIT) else { panic!("it is a histogram") };
    assert_eq!(commits.into_iter().map(|calls| calls.0).collect::<Vec<_>>(), [1.0, 1.0, 1.0]);
}
