//! The faulty store injects the planned faults and no others.

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Outcome, Patch, Target, Timestamp, UserId, Version, Write,
    WriteBatch,
};
use conversation_settings_store::{
    ConversationStore, ConversationStoreExt, Filter, OwnerVersion, PageRequest, StoreError,
};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};

fn owner() -> UserId {
    UserId::new("alice").unwrap()
}

fn key() -> Key {
    Key::new(owner(), ConversationId::new("sg_team").unwrap())
}

fn pinning() -> WriteBatch {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    let change = Change::Set { patch: Patch::KEEP.is_pinned(true), missing };
    WriteBatch::new(vec![Write { key: key(), change: change.into() }]).unwrap()
}

fn faulty(writes: impl IntoIterator<Item = Fault>) -> (Arc<MemoryStore>, FaultyStore) {
    let memory = Arc::new(MemoryStore::new());
    (memory.clone(), FaultyStore::new(memory).writes(FaultPlan::script(writes)))
}

async fn is_stored(memory: &MemoryStore) -> bool {
    memory.get_one(key()).await.unwrap().is_some()
}

#[tokio::test]
async fn passes_calls_through_without_a_plan() {
    let (memory, faulty) = faulty([]);
    assert_eq!(faulty.apply(&pinning(), Timestamp(0)).await.unwrap().effects[0].outcome, Outcome::Created);
    assert!(is_stored(&memory).await);
    assert_eq!(faulty.get_one(key()).await.unwrap(), memory.get_one(key()).await.unwrap());
    assert_eq!(faulty.met(), []);
}

#[tokio::test]
async fn stores_nothing_when_failing_before() {
    for (fault, is_conflict) in [(Fault::FailBefore, false), (Fault::Conflict, true)] {
        let (memory, faulty) = faulty([fault]);
        let error = faulty.apply(&pinning(), Timestamp(0)).await.unwrap_err();
        assert_eq!(matches!(error, StoreError::Conflict { .. }), is_conflict);
        assert!(error.is_retryable());
        assert!(!is_stored(&memory).await, "{fault:?}");
    }
}

#[tokio::test]
async fn stores_all_when_failing_after_so_that_a_retry_is_a_noop() {
    let (memory, faulty) = faulty([Fault::FailAfter]);
    let error = faulty.apply(&pinning(), Timestamp(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }));
    assert!(is_stored(&memory).await);
    assert_eq!(faulty.apply(&pinning(), Timestamp(0)).await.unwrap().effects[0].outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn yields_before_and_after_a_delayed_call() {
    let slow_there = Fault::Delay { before: 3, after: 0 };
    let slow_back = Fault::Delay { before: 0, after: 3 };
    for (fault, stored_meanwhile) in [(slow_there, false), (slow_back, true)] {
        let (memory, faulty) = faulty([fault]);
        let batch = pinning();
        let slow = faulty.apply(&batch, Timestamp(0));
        // Both are polled in turn, so the other call ends before the slow one.
        let look = async {
            tokio::task::yield_now().await;
            is_stored(&memory).await
        };
        let (applied, meanwhile) = tokio::join!(slow, look);
        assert_eq!(applied.unwrap().effects[0].outcome, Outcome::Created);
        assert_eq!(meanwhile, stored_meanwhile, "{fault:?}");
    }
}

#[tokio::test]
async fn injects_faults_into_each_method() {
    let all_fail = || FaultPlan::script([Fault::FailBefore; 8]);
    let faulty = FaultyStore::new(Arc::new(MemoryStore::new())).writes(all_fail()).reads(all_fail());
    let since = OwnerVersion::default();
    let failed = [
        faulty.apply(&pinning(), Timestamp(0)).await.is_err(),
        faulty.get(&[key()]).await.is_err(),
        faulty.list(&owner(), &Filter::ALL, &PageRequest::first(1)).await.is_err(),
        faulty.list_by_conversation(&key().conversation_id, &Filter::ALL, &PageRequest::first(1)).await.is_err(),
        faulty.version(&owner()).await.is_err(),
        faulty.changes(&owner(), &since, 1).await.is_err(),
        faulty.prune(&owner(), Version(1)).await.is_err(),
    ];
    assert_eq!(failed, [true; 7]);
    assert_eq!(faulty.met(), [Fault::FailBefore; 7]);
}

#[tokio::test]
async fn draws_the_same_faults_of_all_kinds_from_the_same_seed() {
    let met = async |seed| {
        let faulty = FaultyStore::new(Arc::new(MemoryStore::new())).writes(FaultPlan::seeded(seed, 2));
        for _ in 0..200 {
            let _whichever = faulty.apply(&pinning(), Timestamp(0)).await;
        }
        faulty.met()
    };
    let faults = met(1).await;
    assert_eq!(faults, met(1).await);
    assert_ne!(faults, met(2).await);
    assert!((60..=140).contains(&faults.len()), "about every second call: {}", faults.len());
    for kind in [Fault::FailBefore, Fault::FailAfter, Fault::Conflict] {
        assert!(faults.contains(&kind), "{kind:?}");
    }
    assert!(faults.iter().any(|fault| matches!(fault, Fault::Delay { .. })));
}
