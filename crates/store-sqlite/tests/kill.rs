//! A process that is killed while it writes loses no acknowledged batch and leaves no partial one.
//!
//! `CONVERSATION_KILLS` sets the number of kills; 5 by default.

use std::{env, error, path::Path};

use conversation_settings_service::{Writer, WriterOptions};
use conversation_settings_store_sqlite::SqliteStore;
use conversation_settings_testkit::{
    crash::CrashTest,
    multiprocess::{child_process, run_child},
};
use rusqlite::Connection;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of the other test"]
async fn child() {
    run_child(async |database| SqliteStore::open(database).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of the other test"]
async fn child_through_a_writer() {
    run_child(async |database| Writer::new(SqliteStore::open(database).unwrap(), WriterOptions::default())).await;
}

#[tokio::test]
async fn keeps_acknowledged_batches_whole_when_killed() -> Result<(), Box<dyn error::Error>> {
    let kills = env::var("CONVERSATION_KILLS").map_or(Ok(5), |kills| kills.parse())?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("conversations.db");
    let mut test = CrashTest::default();
    for child in ["child", "child_through_a_writer"].into_iter().cycle().take(kills) {
        test.kill(&mut child_process(child, &database))?;
        test.check(&SqliteStore::open(&database)?).await?;
        check_integrity(&database)?;
    }
    println!("{}", test.report());
    assert!(test.report().is_clean(), "{test:?}");
    assert!(test.report().acknowledged > 0, "{test:?}");
    Ok(())
}

fn check_integrity(database: &Path) -> rusqlite::Result<()> {
    let found: String = Connection::open(database)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(found, "ok");
    Ok(())
}
