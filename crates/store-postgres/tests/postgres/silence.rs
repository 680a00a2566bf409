//! Where nothing changes, nothing is written.

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::ConversationStore;

use crate::harness::{Database, NOW, key, remove, set, user};

/// The rows as they lie in the tables: whatever writes a row, or locks it, shows in one of these.
async fn rows(client: &tokio_postgres::Client) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    for table in ["owners", "conversations"] {
        let sql = format!("SELECT ctid::text, xmin::text, xmax::text FROM {table} ORDER BY ctid");
        rows.extend(client.query(&sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))));
    }
    rows
}

#[tokio::test]
async fn a_batch_that_changes_nothing_touches_no_row_and_leaves_none() {
    let Some(database) = Database::new().await else { return };
    let (store, client) = (database.store().await, database.client().await);
    let there = set([key("a", "sg_1"), key("b", "sg_1")], &Patch::KEEP.is_pinned(true));
    store.apply(&there, NOW).await.unwrap();
    let before = rows(&client).await;
    assert_eq!(before.len(), 4);

    store.apply(&there, NOW).await.unwrap();
    store.apply(&set([key("new", "sg_1")], &Patch::KEEP), NOW).await.unwrap();
    store.apply(&remove([key("new", "sg_1")]), NOW).await.unwrap();
    let rejected = conversation_settings_core::Change::Set {
        patch: Patch::KEEP.is_pinned(true),
        missing: conversation_settings_core::Missing::Reject,
    };
    let rejected = conversation_settings_core::Write { key: key("new", "sg_1"), change: rejected.into() };
    store.apply(&conversation_settings_core::WriteBatch::new(vec![rejected]).unwrap(), NOW).await.unwrap_err();
    assert_eq!(store.prune(&user("new"), Version(7)).await.unwrap(), 0);
    assert_eq!(rows(&client).await, before);
}
