//! A version log is cut, so that the cost of a write does not grow with the owner's history.

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::{Changes, ConversationStore, OwnerVersion};
use mongodb::bson::doc;

use crate::support::{Database, NOW, batch, key, remove, set, user};

#[tokio::test]
async fn cuts_log_to_half_and_syncs_older_clients_in_full() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await.with_log_entries(10);
    let alice = user("alice");
    let mut longest = 0;
    for n in 0..40 {
        let write = set(key("alice", format!("sg_{n:02}")), Patch::KEEP);
        store.apply(&batch([write]), NOW).await.unwrap();
        let log = database.collection("conversation_version").find_one(doc! {}).await.unwrap().unwrap();
        let versions: Vec<_> = log
            .get_array("logs")
            .unwrap()
            .iter()
            .map(|entry| entry.as_document().unwrap().get_i64("version").unwrap())
            .collect();
        longest = longest.max(versions.len());
        let deleted = log.get_i64("deleted").unwrap();
        assert_eq!(versions, (deleted + 1..=n + 1).collect::<Vec<_>>(), "every version after the cut");

        let current = store.version(&alice).await.unwrap();
        let since = |version: i64| OwnerVersion { version: Version(version.try_into().unwrap()), ..current };
        if deleted > 1 {
            let changes = store.changes(&alice, &since(deleted - 1), 100).await.unwrap();
            assert_eq!(changes, Changes::Full(current));
        }
        let changes = store.changes(&alice, &since(deleted), 100).await.unwrap();
        let Changes::Increment { inserted, updated, removed, .. } = changes else {
            panic!("the log has these entries")
        };
        let expected = if deleted == 0 { n + 1 } else { n + 1 - deleted };
        assert_eq!((inserted.len(), updated.len(), removed.len()), (expected.try_into().unwrap(), 0, 0));
    }
    assert_eq!(longest, 11, "the next write cuts a log that is too long");
    let nothing = OwnerVersion { version: Version::ZERO, ..store.version(&alice).await.unwrap() };
    let Changes::Increment { inserted, .. } = store.changes(&alice, &nothing, 100).await.unwrap() else {
        panic!("a client at version 0 needs no log")
    };
    assert_eq!(inserted.len(), 40);
}

#[tokio::test]
async fn reports_change_of_conversation_whose_entry_was_cut_as_update_and_removal() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await.with_log_entries(4);
    let alice = user("alice");
    for n in 0..9 {
        store.apply(&batch([set(key("alice", format!("sg_{n}")), Patch::KEEP)]), NOW).await.unwrap();
    }
    let before = store.version(&alice).await.unwrap();
    let writes = [set(key("alice", "sg_0"), Patch::KEEP.is_pinned(true)), remove(key("alice", "sg_1"))];
    store.apply(&batch(writes), NOW).await.unwrap();
    let Changes::Increment { inserted, updated, removed, .. } = store.changes(&alice, &before, 10).await.unwrap()
    else {
        panic!("the log has the last entries")
    };
    assert_eq!(inserted, []);
    assert_eq!(updated.iter().map(|read| read.key.clone()).collect::<Vec<_>>(), [key("alice", "sg_0")]);
    assert_eq!(removed, [key("alice", "sg_1").conversation_id]);
}
