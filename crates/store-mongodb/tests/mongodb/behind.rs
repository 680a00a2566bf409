//! A primary whose writes a majority does not have yet, such as a newly elected one. Its snapshot is older than its data,
//! and its data may be rolled back.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{Outcome, Patch};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::MongoStore;
use mongodb::{
    Client,
    bson::{Document, doc},
    options::WriteConcern,
};
use tokio::time::timeout;

use crate::{
    members::Members,
    support::{NOW, batch, key, set},
};

#[tokio::test]
async fn answers_noop_only_from_durable_data() {
    let Some(members) = Members::start().await else { return };
    let store = Arc::new(MongoStore::open(&members.address()).await.unwrap());
    let pin = |is_pinned| batch([set(key("alice", "sg_1"), Patch::KEEP.is_pinned(is_pinned))]);
    let apply = async |is_pinned| store.apply(&pin(is_pinned), NOW).await.unwrap().effects[0].outcome;
    assert_eq!(apply(true).await, Outcome::Created);
    // The second call takes the fast path, because the first was a no-op.
    assert_eq!([apply(true).await, apply(true).await], [Outcome::Unchanged; 2]);

    members.replicate(false).await;
    let client = Client::with_uri_str(members.address()).await.unwrap();
    let rows = client.database("failover").collection::<Document>("conversation");
    let unpin = rows.update_one(doc! {}, doc! { "$set": { "is_pinned": false } });
    unpin.write_concern(WriteConcern::nodes(1)).await.unwrap();

    // A majority still has `true`, so pinning looks like a no-op. The primary's `false` may be rolled back, so unpinning
    // must not return either.
    let mut waiting = Vec::new();
    for is_pinned in [true, false] {
        let (store, batch) = (store.clone(), pin(is_pinned));
        let mut call = tokio::spawn(async move { store.apply(&batch, NOW).await });
        let early = timeout(Duration::from_secs(1), &mut call).await;
        assert!(early.is_err(), "pinned {is_pinned}: returned before a majority has it");
        waiting.push(call);
    }

    members.replicate(true).await;
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    apply(true).await;
    assert!(matches!(apply(false).await, Outcome::Updated(_)));
    assert!(!rows.find_one(doc! {}).await.unwrap().unwrap().get_bool("is_pinned").unwrap());
}
