//! A no-op writes nothing.

use conversation_settings_core::{Change, Missing, Patch, Version, Write, WriteBatch};
use conversation_settings_store::ConversationStore;

use crate::harness::{Database, NOW, key, remove, set, user};

/// The system columns of all rows: writing or locking a row changes one of them.
async fn rows(client: &tokio_postgres::Client) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    for table in ["owners", "conversations"] {
        let sql = format!("SELECT ctid::text, xmin::text, xmax::text FROM {table} ORDER BY ctid");
        rows.extend(client.query(&sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))));
    }
    rows
}

#[tokio::test]
async fn touches_no_row_for_a_no_op() {
    let Some(database) = Database::new().await else { return };
    let (store, client) = (database.store().await, database.client().await);
    let batch = set([key("a", "sg_1"), key("b", "sg_1")], &Patch::KEEP.is_pinned(true));
    store.apply(&batch, NOW).await.unwrap();
    let before = rows(&client).await;
    assert_eq!(before.len(), 4);

    store.apply(&batch, NOW).await.unwrap();
    store.apply(&set([key("new", "sg_1")], &Patch::KEEP), NOW).await.unwrap();
    store.apply(&remove([key("new", "sg_1")]), NOW).await.unwrap();
    let rejected = Change::Set { patch: Patch::KEEP.is_pinned(true), missing: Missing::Reject };
    let rejected = Write { key: key("new", "sg_1"), change: rejected.into() };
    store.apply(&WriteBatch::new(vec![rejected]).unwrap(), NOW).await.unwrap_err();
    assert_eq!(store.prune(&user("new"), Version(7)).await.unwrap(), 0);
    assert_eq!(rows(&client).await, before);
}
