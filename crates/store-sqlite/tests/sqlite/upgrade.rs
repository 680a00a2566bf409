//! A file that version 0.1.0 wrote.

use std::fs;

use conversation_settings_store::ConversationStore;
use conversation_settings_testkit::upgrade;

use crate::harness::{Folder, user};

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
