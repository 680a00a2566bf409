//! The conformance suite on SQLite.

use std::{env, process::Command, sync::Arc};

use conversation_settings_store::ConversationStore;
use conversation_settings_store_sqlite::SqliteStore;
use conversation_settings_testkit::{conformance::Harness, kill::writers};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Names the database of the process that a test kills.
const DATABASE: &str = "CONVERSATION_KILLED_DATABASE";

struct Sqlite;

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path().join("conversations.db")).unwrap()
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
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "writes_until_killed", "--ignored", "--nocapture"]).env(DATABASE, folder.path());
        Some(process)
    }
}

conversation_settings_testkit::conformance!(Sqlite);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that a conformance case starts and kills"]
async fn writes_until_killed() {
    let Ok(folder) = env::var(DATABASE) else { return };
    let store: Arc<dyn ConversationStore> =
        Arc::new(SqliteStore::open(std::path::Path::new(&folder).join("conversations.db")).unwrap());
    writers(&store).collect::<JoinSet<_>>().join_all().await;
}
