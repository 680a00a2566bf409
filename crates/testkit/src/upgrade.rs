//! Checks that this version reads and continues what an older version stored.
//!
//! An adapter keeps a fixture: a database that the older version filled with [`write()`]. Its test opens the fixture and
//! calls [`check`].
//!
//! ```
//! use conversation_settings_store_memory::MemoryStore;
//! use conversation_settings_testkit::upgrade;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = MemoryStore::new();
//! upgrade::write(&store).await;
//! upgrade::check(&store).await;
//! # }
//! ```

mod history;

use std::{collections::BTreeSet, sync::Arc};

use conversation_settings_core::{
    Change, Conversation, ConversationId, Key, Missing, Patch, Timestamp, Version, Write,
};
use conversation_settings_store::{Changes, ConversationStore, Filter, LogId, OwnerVersion, PageRequest};

use self::history::{Step, history};
use crate::Model;

/// Fills an empty store with the history that fixtures hold.
///
/// # Panics
///
/// When the store refuses a step.
pub async fn write(store: &dyn ConversationStore) {
    for step in history() {
        match step {
            Step::Apply(batch, at) => drop(store.apply(&batch, at).await.expect("a batch")),
            Step::Prune(owner, through) => _ = store.prune(&owner, through).await.expect("pruned"),
        }
    }
}

/// Compares every value in `store` with the history, then changes, removes and creates each conversation, and compares
/// again.
///
/// # Panics
///
/// When the store differs from the history.
pub async fn check(store: &dyn ConversationStore) {
    let mut model = Model::default();
    let mut keys = BTreeSet::new();
    for step in history() {
        match step {
            Step::Apply(batch, at) => {
                keys.extend(batch.writes().iter().map(|write| write.key.clone()));
                model.apply(&batch, at).expect("a batch");
            }
            Step::Prune(owner, through) => _ = model.prune(&owner, through),
        }
    }
    let keys: Vec<_> = keys.into_iter().collect();
    compare(store, &model, &keys).await;

    let set = |patch| Change::Set { patch, missing: Missing::Create(history::group()) };
    let changes = [set(Patch::KEEP.ex("by the new version\0")), Change::Remove, set(Patch::KEEP.is_pinned(true))];
    for (change, at) in changes.map(Arc::new).into_iter().zip(100..) {
        let writes = keys.iter().map(|key| Write { key: key.clone(), change: change.clone() });
        let (batch, at) = (history::batch(writes.collect()), Timestamp(at));
        let expected = model.apply(&batch, at).expect("a batch");
        assert_eq!(store.apply(&batch, at).await.expect("a batch"), expected);
        compare(store, &model, &keys).await;
    }
}

/// Compares all that callers can read, at every version.
async fn compare(store: &dyn ConversationStore, model: &Model, keys: &[Key]) {
    assert_eq!(store.get(keys).await.expect("conversations"), model.get(keys));
    for id in keys.iter().map(|key| &key.conversation_id).collect::<BTreeSet<_>>() {
        let page = PageRequest::first(100);
        let read = store.list_by_conversation(id, &Filter::ALL, &page).await.expect("a page");
        assert_eq!(read, model.list_by_conversation(id, &Filter::ALL, &page));
    }
    for owner in keys.iter().map(|key| &key.owner).collect::<BTreeSet<_>>() {
        let page = PageRequest::first(100);
        assert_eq!(
            store.list(owner, &Filter::ALL, &page).await.expect("a page"),
            model.list(owner, &Filter::ALL, &page)
        );
        assert_eq!(store.count(owner).await.expect("a number"), model.count(owner), "{owner:?}");
        let current = store.version(owner).await.expect("a version");
        assert_eq!(current.version, model.version(owner), "{owner:?}");
        for version in (0..=current.version.0 + 1).map(Version) {
            let found = store.changes(owner, &OwnerVersion { log: current.log, version }, 100).await.expect("changes");
            let expected = model.changes(owner, &OwnerVersion { log: Model::LOG, version }, 100);
            assert_eq!(comparable(found, current.log), comparable(expected, Model::LOG), "{owner:?} since {version:?}");
        }
    }
}

/// The version, and the conversations in the order of their IDs; `None` for a full sync.
fn comparable(changes: Changes, log: LogId) -> (Version, Option<[Vec<Conversation>; 2]>, Vec<ConversationId>) {
    let by_id = |mut all: Vec<Conversation>| {
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all
    };
    assert_eq!(changes.version().log, log);
    let version = changes.version().version;
    match changes {
        Changes::Full(_) => (version, None, Vec::new()),
        Changes::Increment { inserted, updated, mut removed, .. } => {
            removed.sort();
            (version, Some([by_id(inserted), by_id(updated)]), removed)
        }
    }
}
