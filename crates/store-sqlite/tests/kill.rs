//! A process that is killed while it writes loses no acknowledged batch and leaves no partial one.
//!
//! `CONVERSATION_KILLS` sets the number of kills; 5 by default.

use std::{
    env, error,
    path::Path,
    process::Command,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use conversation_settings_store::ConversationStore;
use conversation_settings_store_sqlite::SqliteStore;
use conversation_settings_testkit::kill::{Kills, writers};
use rusqlite::Connection;
use tokio::task::JoinSet;

/// Names the database of the process that a test kills.
const DATABASE: &str = "CONVERSATION_KILLED_DATABASE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that the other test starts and kills"]
async fn writes_until_killed() {
    let Ok(database) = env::var(DATABASE) else { return };
    let store: Arc<dyn ConversationStore> = Arc::new(SqliteStore::open(database).unwrap());
    writers(&store).collect::<JoinSet<_>>().join_all().await;
}

#[tokio::test]
async fn keeps_acknowledged_batches_whole_when_killed() -> Result<(), Box<dyn error::Error>> {
    let times = env::var("CONVERSATION_KILLS").map_or(Ok(5), |times| times.parse())?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("conversations.db");
    let mut kills = Kills::new(seed());
    for _ in 0..times {
        let mut process = Command::new(env::current_exe()?);
        process.args(["--exact", "writes_until_killed", "--ignored", "--nocapture"]).env(DATABASE, &database);
        kills.kill(&mut process)?;
        kills.check(&SqliteStore::open(&database)?).await?;
        check_integrity(&database)?;
    }
    println!("{}", kills.tally());
    assert!(kills.tally().is_clean(), "{kills:?}");
    assert!(kills.tally().acknowledged > 0, "{kills:?}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "each run kills at other moments")]
fn seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn check_integrity(database: &Path) -> rusqlite::Result<()> {
    let found: String = Connection::open(database)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(found, "ok");
    Ok(())
}
