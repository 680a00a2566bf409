//! The conformance suite on SQLite.

use std::{path::Path, process::Command};

use conversation_settings_store_sqlite::SqliteStore;
use conversation_settings_testkit::{
    conformance::Harness,
    multiprocess::{child_process, run_child},
};
use tempfile::TempDir;

struct Sqlite;

fn open(folder: impl AsRef<Path>) -> SqliteStore {
    SqliteStore::open(folder.as_ref().join("conversations.db")).unwrap()
}

impl Harness for Sqlite {
    type Guard = TempDir;
    type Store = SqliteStore;

    async fn fresh(&self) -> Option<(TempDir, SqliteStore)> {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        Some((folder, store))
    }

    async fn another_handle(&self, folder: &TempDir, _: &SqliteStore) -> Option<SqliteStore> {
        Some(open(folder))
    }

    async fn reopen(&self, folder: &TempDir, store: SqliteStore) -> Option<SqliteStore> {
        drop(store);
        Some(open(folder))
    }

    fn writing_process(&self, folder: &TempDir) -> Option<Command> {
        Some(child_process("child", folder.path()))
    }
}

conversation_settings_testkit::conformance!(Sqlite);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of a case"]
async fn child() {
    run_child(async |folder| open(folder)).await;
}
