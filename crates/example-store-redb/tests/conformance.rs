//! The conformance suite on redb.

use conversation_settings_example_store_redb::RedbStore;
use conversation_settings_testkit::conformance::Harness;
use tempfile::TempDir;

struct Redb;

impl Harness for Redb {
    type Guard = TempDir;
    type Store = RedbStore;

    async fn fresh(&self) -> Option<(TempDir, RedbStore)> {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(folder.path().join("conversations.redb")).unwrap();
        Some((folder, store))
    }

    async fn another_handle(&self, _: &TempDir, store: &RedbStore) -> Option<RedbStore> {
        Some(store.clone())
    }

    async fn reopen(&self, folder: &TempDir, store: RedbStore) -> Option<RedbStore> {
        drop(store);
        Some(RedbStore::open(folder.path().join("conversations.redb")).unwrap())
    }
}

conversation_settings_testkit::conformance!(Redb);
