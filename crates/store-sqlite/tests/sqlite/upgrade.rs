//! A file that version 0.1.0 wrote.

use std::fs;

use conversation_settings_core::Patch;
use conversation_settings_store::ConversationStore;
use conversation_settings_testkit::upgrade;
use rusqlite::Connection;

use crate::harness::{AT, Folder, key, set, user};

#[tokio::test]
async fn reads_and_writes_a_file_of_version_0_1_0() {
    let folder = Folder::new();
    fs::write(folder.database(), include_bytes!("../fixtures/schema_1.db")).unwrap();
    let store = folder.open();
    assert_eq!(store.version(&user("all")).await.unwrap().log.to_string(), "4650f9fdc44b43b021470010");
    upgrade::check(&store).await;
}

#[tokio::test]
async fn checks_a_file_of_this_version_alike() {
    let folder = Folder::new();
    let store = folder.open();
    upgrade::write(&store).await;
    drop(store);
    upgrade::check(&folder.open()).await;
}

/// A program of version 0.1.0 that still has the file open does not keep the number of conversations.
#[tokio::test]
async fn counts_conversations_that_an_older_program_wrote_meanwhile() {
    let folder = Folder::new();
    fs::write(folder.database(), include_bytes!("../fixtures/schema_1.db")).unwrap();
    let store = folder.open();
    let count = async |owner: &str| store.count(&user(owner)).await.unwrap();
    let before = count("all").await;
    assert!(before > 1);

    let older = Connection::open(folder.database()).unwrap();
    let raise = "INSERT INTO owners (owner, version) VALUES (?1, 1)
                 ON CONFLICT (owner) DO UPDATE SET version = version + 1";
    let create = "INSERT INTO conversations (owner, conversation_id, conversation_type, target_id, created_at, lives, changed_in)
                  VALUES (?1, 'sg_older', 3, 'older', 0, '100', 100)";
    for owner in ["all", "new"] {
        older.execute(raise, [owner]).unwrap();
        older.execute(create, [owner]).unwrap();
    }
    assert_eq!((count("all").await, count("new").await), (before + 1, 1), "counted anew");

    let create = |owner| set([key(owner, "sg_newer")], &Patch::KEEP.ex("x"));
    for owner in ["all", "new"] {
        store.apply(&create(owner), AT).await.unwrap();
    }
    assert_eq!((count("all").await, count("new").await), (before + 2, 2));
    let kept = "SELECT count(*) FROM owners WHERE counted_in <> version";
    let stale: i64 = older.query_row(kept, [], |row| row.get(0)).unwrap();
    assert_eq!(stale, 0, "a write keeps the number again");
}
