//! An adapter that is right and begins a log per owner with the owner's first write.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use async_trait::async_trait;
use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Version, Write, WriteBatch,
};
use conversation_settings_store::{Changes, ConversationStore, LogId, OwnerVersion, StoreError};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{
    conformance::{Harness, run},
    history::{Answer, Call},
};
use tokio::task::yield_now;

use crate::store::{Sabotage, Wrongly};

/// Names no log for an owner without a write, and gives other tasks time to begin one before it answers.
#[derive(Debug, Default)]
struct LogPerOwner;

fn of_owner(version: OwnerVersion) -> OwnerVersion {
    if version.version == Version::ZERO { OwnerVersion::default() } else { version }
}

#[async_trait]
impl Sabotage for LogPerOwner {
    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let version = store.version(owner).await?;
        for _ in 0..100 {
            yield_now().await;
        }
        Ok(of_owner(version))
    }

    async fn changes(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        since: &OwnerVersion,
        limit: usize,
    ) -> Result<Changes, StoreError> {
        let mut changes = store.changes(owner, since, limit).await?;
        match &mut changes {
            Changes::Full(version) | Changes::Increment { version, .. } => *version = of_owner(*version),
        }
        Ok(changes)
    }
}

/// Begins the owner's log right after the first read of its identity.
#[derive(Debug, Default)]
struct BegunInBetween(AtomicBool);

#[async_trait]
impl Sabotage for BegunInBetween {
    async fn version(&self, store: &MemoryStore, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        let version = LogPerOwner.version(store, owner).await;
        if !self.0.swap(true, SeqCst) {
            let key = Key::new(owner.clone(), ConversationId::new("sg_1").unwrap());
            let missing = Missing::CreateEvenIfEmpty(Target::Group(GroupId::new("1").unwrap()));
            let change = Change::Set { patch: Patch::KEEP, missing };
            store.apply(&WriteBatch::new(vec![Write { key, change: change.into() }]).unwrap(), Timestamp(0)).await?;
        }
        version
    }
}

#[test]
fn accepts_a_log_per_owner_in_concurrent_histories() {
    for _ in 0..8 {
        run(&Wrongly::by::<LogPerOwner>(), "linearizes_concurrent_histories_per_owner").unwrap();
    }
}

#[tokio::test]
async fn asks_in_the_log_that_began_between_version_and_changes() {
    let ((), store) = Wrongly::by::<BegunInBetween>().fresh().await.unwrap();
    let owner = UserId::new("a").unwrap();
    let call = Call::Changes { owner: owner.clone(), since: Version(1), is_stranger: false, limit: usize::MAX };
    let Answer::Changes(changes) = call.ask(&store).await.unwrap() else { panic!("not the answer to `changes`") };
    let Changes::Increment { version, inserted, updated, removed } = changes else { panic!("not in the new log") };
    assert_eq!((version.version, inserted, updated, removed), (Version(1), vec![], vec![], vec![]));

    let no_log = OwnerVersion { log: LogId::NONE, version: Version(1) };
    let full = store.changes(&owner, &no_log, usize::MAX).await.unwrap();
    assert!(matches!(full, Changes::Full(_)), "a client without a log syncs in full: {full:?}");
}
