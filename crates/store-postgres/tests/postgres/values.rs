//! Values are stored byte for byte.

use conversation_settings_core::{BurnDuration, Field, Patch, RecvMsgOpt, Seq, Settings, Timestamp};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest};

use crate::harness::{Database, conversation, key, set, user};

const TEXTS: [&str; 8] =
    ["", "\0", "a\0b", "$set", "'; DROP TABLE conversations; --", "\"quoted\"", "🦀é\u{feff}", "%_\\ \r\n\t"];

#[tokio::test]
async fn stores_text_byte_for_byte() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let long = "é\0".repeat(40_000);
    for (n, text) in TEXTS.into_iter().chain([&*long]).enumerate() {
        let key = key("a", format!("sg_{n}"));
        let patch = Patch::KEEP.ex(text).attached_info(text).is_pinned(true);
        store.apply(&set([key.clone()], &patch), Timestamp(0)).await.unwrap();
        let settings = store.get_one(key).await.unwrap().unwrap().settings;
        assert_eq!((&*settings.ex, &*settings.attached_info), (text, text));
        let by_value = Filter::is(Patch::KEEP.ex(text));
        let found = store.list(&user("a"), &by_value, &PageRequest::first(10)).await.unwrap().conversations;
        assert_eq!(found.len(), 1, "must find exactly the one with {text:?}");
    }
}

#[tokio::test]
async fn distinguishes_and_orders_ids_by_their_bytes() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let ids = ["$set", "'--", "A", "Å", "a", "a ", "a.b", "A\u{30a}", "🦀"];
    let keys: Vec<_> = ids.iter().flat_map(|owner| ids.map(|id| key(owner, id))).collect();
    store.apply(&set(keys.clone(), &Patch::KEEP.is_pinned(true)), Timestamp(0)).await.unwrap();
    let found = store.get(&keys).await.unwrap();
    assert!(found.iter().zip(&keys).all(|(found, key)| &found.as_ref().unwrap().key == key));

    let mut sorted = ids.map(str::as_bytes);
    sorted.sort_unstable();
    let listed = store.list_all(&user("a"), &Filter::ALL).await.unwrap();
    assert_eq!(listed.iter().map(|found| found.key.conversation_id.as_str().as_bytes()).collect::<Vec<_>>(), sorted);
    let views = store
        .list_by_conversation(&conversation("A"), &Filter::ALL, &PageRequest::first(100))
        .await
        .unwrap()
        .conversations;
    assert_eq!(views.iter().map(|found| found.key.owner.as_str().as_bytes()).collect::<Vec<_>>(), sorted);
}

#[tokio::test]
async fn stores_numbers_at_their_extremes() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let mut patch = Patch::KEEP
        .recv_msg_opt(RecvMsgOpt::ReceiveWithoutNotifying)
        .burn_duration(BurnDuration::try_from(i32::MAX).unwrap())
        .max_seq(Seq::try_from(i64::MAX).unwrap())
        .latest_msg_destruct_time(Timestamp(i64::MIN));
    for text in ["x", ""] {
        patch = patch.ex(text);
        let mut expected = Settings::default();
        patch.apply(&mut expected);
        store.apply(&set([key("a", "sg_team")], &patch), Timestamp(i64::MIN)).await.unwrap();
        let found = store.get_one(key("a", "sg_team")).await.unwrap().unwrap();
        assert_eq!((found.settings, found.created_at), (expected, Timestamp(i64::MIN)));
    }
}

#[tokio::test]
async fn filters_by_any_field_as_the_filter_itself_does() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let other = Patch::KEEP.is_pinned(true).ex("x").recv_msg_opt(RecvMsgOpt::DoNotReceive);
    store.apply(&set([key("a", "sg_1")], &other), Timestamp(0)).await.unwrap();
    let neutral = Patch::KEEP.latest_msg_destruct_time(Timestamp(7));
    store.apply(&set([key("a", "sg_2")], &neutral), Timestamp(0)).await.unwrap();

    let all = store.list_all(&user("a"), &Filter::ALL).await.unwrap();
    assert_eq!(all.len(), 2);
    for settings in all.iter().map(|found| &found.settings) {
        for field in Field::ALL {
            let patch = settings.get((*field).into());
            for filter in [Filter::is(patch.clone()), Filter::is_not(patch)] {
                let matching: Vec<_> = all.iter().filter(|found| filter.matches(&found.settings)).cloned().collect();
                assert_eq!(store.list_all(&user("a"), &filter).await.unwrap(), matching, "{filter:?}");
            }
        }
    }
}
