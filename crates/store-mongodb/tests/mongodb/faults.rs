//! A faulty batch, document or caller affects nothing else.

use std::time::Duration;

use conversation_settings_core::{Patch, Rejected, Version};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest, StoreError};
use mongodb::bson::{Bson, doc};
use tokio::time::timeout;

use crate::support::{Database, NOW, batch, key, set, user};

#[tokio::test]
async fn names_damaged_document_and_reads_others() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let wrong = [
        ("recv_msg_opt", Bson::from(99)),
        ("conversation_type", 7.into()),
        ("is_pinned", "yes".into()),
        ("ex", 1.into()),
        ("create_time", 0_i64.into()),
        ("min_seq", (-1_i64).into()),
        ("burn_duration", i64::MAX.into()),
    ];
    for (n, (field, value)) in wrong.into_iter().enumerate() {
        let (whole, damaged) = (key(format!("owner{n}"), "sg_whole"), key(format!("owner{n}"), "sg_damaged"));
        let writes = [set(whole.clone(), Patch::KEEP), set(damaged.clone(), Patch::KEEP)];
        store.apply(&batch(writes), NOW).await.unwrap();
        let of_damaged = doc! { "owner_user_id": damaged.owner.as_str(), "conversation_id": "sg_damaged" };
        database.collection("conversation").update_one(of_damaged, doc! { "$set": { field: value } }).await.unwrap();

        assert!(store.get_one(whole.clone()).await.unwrap().is_some());
        let applied = store.apply(&batch([set(whole, Patch::KEEP.is_pinned(true))]), NOW).await.unwrap();
        assert_eq!(applied.effects[0].version, Some(Version(2)));
        let is_named = |result: Result<(), StoreError>| match result {
            Err(StoreError::Corrupt { key: Some(key), .. }) => *key == damaged,
            _ => false,
        };
        assert!(is_named(store.get_one(damaged.clone()).await.map(drop)), "{field}");
        let list = store.list(&damaged.owner, &Filter::ALL, &PageRequest::first(10)).await;
        assert!(is_named(list.map(drop)), "{field}");
        let apply = store.apply(&batch([set(damaged.clone(), Patch::KEEP.ex("x"))]), NOW).await;
        assert!(is_named(apply.map(drop)), "{field}");
    }
}

#[tokio::test]
async fn rejects_batch_too_large_for_one_transaction_without_writing() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let large = "x".repeat(1 << 20);
    let patch = Patch::KEEP.ex(large.as_str());
    for round in ["insert", "update"] {
        let refused =
            store.apply(&batch((0..80).map(|n| set(key(format!("user{n}"), "sg_1"), patch.clone()))), NOW).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{round}: {refused:?}");
        let expected = Version(u64::from(round == "update"));
        assert_eq!(store.version(&user("user7")).await.unwrap().version, expected, "{round}");
        store.apply(&batch((0..80).map(|n| set(key(format!("user{n}"), "sg_1"), Patch::KEEP))), NOW).await.unwrap();
    }
}

#[tokio::test]
async fn splits_large_batch_into_commands() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    // About 30 MiB: more than one command holds, less than a transaction does.
    let patch = |n: u32, round: u32| Patch::KEEP.ex(format!("{n}{round}").repeat(100_000).as_str());
    for round in 0..2 {
        let writes = (0..60).map(|n| set(key(format!("user{n}"), format!("sg_{}", n % 7)), patch(n, round)));
        let applied = store.apply(&batch(writes), NOW).await.unwrap();
        assert!(applied.effects.iter().all(|effect| effect.outcome.is_change()));
    }
    let read = store.get_one(key("user59", "sg_3")).await.unwrap().unwrap();
    assert_eq!(read.settings.ex.len(), 300_000);
}

#[tokio::test]
async fn writes_nothing_of_rejected_batch() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let pinned = Patch::KEEP.is_private_chat(true);
    let writes = [set(key("a", "sg_1"), Patch::KEEP), set(key("b", "sg_1"), pinned)];
    let rejected = store.apply(&batch(writes), NOW).await;
    assert!(matches!(rejected, Err(StoreError::Rejected(Rejected::NotSingleChat(_)))), "{rejected:?}");
    assert_eq!(store.get(&[key("a", "sg_1"), key("b", "sg_1")]).await.unwrap(), [None, None]);
    assert_eq!(database.collection("conversation_version").count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test]
async fn applies_dropped_call_fully_or_not_and_blocks_nobody() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let owners = ["a", "b", "c"];
    for round in 0..60_u64 {
        let ex = format!("{round}");
        let writes = owners.map(|owner| set(key(owner, "sg_1"), Patch::KEEP.ex(ex.as_str())));
        let dropped = timeout(Duration::from_micros(round * 200), store.apply(&batch(writes), NOW)).await;
        drop(dropped);
        // A transaction left open would block these calls for a minute.
        let marker = format!("after {round}");
        let writes = owners.map(|owner| set(key(owner, "sg_2"), Patch::KEEP.ex(marker.as_str())));
        timeout(Duration::from_secs(10), store.apply(&batch(writes), NOW)).await.unwrap().unwrap();
        let read = store.get(&owners.map(|owner| key(owner, "sg_1"))).await.unwrap();
        let ex: Vec<_> = read.iter().map(|read| read.as_ref().map(|read| read.settings.ex.clone())).collect();
        assert!(ex.windows(2).all(|pair| pair[0] == pair[1]), "{round}: {ex:?}");
    }
}
