//! The conformance suite on SQLite.

use std::{path::Path, process::Command, sync::Arc};

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_sqlite::SqliteStore;
use conversation_settings_testkit::{
    conformance::Harness,
    multiprocess::{child_process, run_child},
};
use tempfile::TempDir;

/// Stores, wrapped by a function: the suite is compiled once.
struct Sqlite(fn(SqliteStore) -> Arc<dyn ConversationStore>);

fn alone(store: SqliteStore) -> Arc<dyn ConversationStore> {
    Arc::new(store)
}

fn through_a_writer(store: SqliteStore) -> Arc<dyn ConversationStore> {
    Arc::new(Writer::new(store, WriterOptions::default()))
}

fn open(folder: impl AsRef<Path>) -> SqliteStore {
    SqliteStore::open(folder.as_ref().join("conversations.db")).unwrap()
}

impl Harness for Sqlite {
    type Guard = TempDir;
    type Store = Arc<dyn ConversationStore>;

    async fn fresh(&self) -> Option<(TempDir, Self::Store)> {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        Some((folder, self.0(store)))
    }

    async fn another_handle(&self, folder: &TempDir, _: &Self::Store) -> Option<Self::Store> {
        Some(self.0(open(folder)))
    }

    async fn reopen(&self, folder: &TempDir, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(self.0(open(folder)))
    }

    fn writing_process(&self, folder: &TempDir) -> Option<Command> {
        Some(child_process("child", folder.path()))
    }
}

conversation_settings_testkit::conformance!(Sqlite(alone));

mod through_the_writer {
    use super::{Sqlite, through_a_writer};

    conversation_settings_testkit::conformance!(Sqlite(through_a_writer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of a case"]
async fn child() {
    run_child(async |folder| open(folder)).await;
}
