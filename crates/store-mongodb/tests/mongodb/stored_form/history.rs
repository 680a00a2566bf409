//! The history that the dump is of.

use conversation_settings_core::{
    BurnDuration, Change, GroupAtType, GroupId, Missing, Patch, RecvMsgOpt, Seconds, Seq, Target, Timestamp, Version,
    Write,
};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::MongoStore;
use mongodb::bson::{Bson, doc};

use super::group;
use crate::{
    openim::{insert, raise, theirs},
    support::{Database, NOW, batch, key, remove, set, user},
};

/// Every setting with another value than its default, with a color in `ex`.
pub(super) fn all_settings(color: &str) -> Patch {
    Patch::KEEP
        .recv_msg_opt(RecvMsgOpt::DoNotReceive)
        .is_pinned(true)
        .is_private_chat(true)
        .burn_duration(BurnDuration::try_from(30).unwrap())
        .group_at_type(GroupAtType::Notice)
        .attached_info("info")
        .ex(format!("{{\"color\":\"{color}\"}}"))
        .min_seq(Seq::try_from(3).unwrap())
        .max_seq(Seq::try_from(7).unwrap())
        .is_msg_destruct(true)
        .msg_destruct_time(Seconds::try_from(86_400).unwrap())
        .latest_msg_destruct_time(Timestamp(1_650_000_000_123))
}

pub(super) fn largest_numbers() -> Patch {
    Patch::KEEP
        .burn_duration(BurnDuration::try_from(i32::MAX).unwrap())
        .min_seq(Seq::try_from(i64::MAX).unwrap())
        .max_seq(Seq::try_from(i64::MAX).unwrap())
        .msg_destruct_time(Seconds::try_from(i64::MAX).unwrap())
        .latest_msg_destruct_time(Timestamp(i64::MAX))
}

pub(super) async fn write(database: &Database) {
    let store = database.store().await;
    every_change(&store).await;
    odd_texts(&store).await;
    apply(
        &store,
        -1,
        [
            create("ends", "sg_1", group("team"), largest_numbers()),
            create("ends", "sg_2", group("team"), Patch::KEEP.latest_msg_destruct_time(Timestamp(-1))),
        ],
    )
    .await;
    cut_and_pruned(database, &store).await;
    documents_of_openim(database).await;
    shared_with_openim(database, &store).await;
}

fn create(owner: &str, id: &str, target: Target, patch: Patch) -> Write {
    Write { key: key(owner, id), change: Change::Set { patch, missing: Missing::CreateEvenIfEmpty(target) }.into() }
}

async fn apply(store: &MongoStore, at: i64, writes: impl IntoIterator<Item = Write>) {
    store.apply(&batch(writes), Timestamp(at)).await.unwrap();
}

async fn every_change(store: &MongoStore) {
    let again = |ex| create("alice", "sg_again", group("again"), Patch::KEEP.ex(ex));
    let remove = |id| remove(key("alice", id));
    let private = create("alice", "si_alice_bob", Target::Single(user("bob")), all_settings("red"));
    let gone = create("alice", "sg_gone", group("gone"), Patch::KEEP);
    apply(store, NOW.0, [private, again("first"), gone]).await;
    apply(store, NOW.0 + 1, [remove("sg_again"), remove("sg_gone")]).await;
    apply(store, NOW.0 + 2, [again("second")]).await;
    apply(store, NOW.0 + 3, [set(key("alice", "si_alice_bob"), Patch::KEEP.ex("{\"color\":\"blue\"}"))]).await;
    apply(store, NOW.0 + 4, [remove("sg_again")]).await;
    let old = create("alice", "old", Target::OldGroup(GroupId::new("old").unwrap()), Patch::KEEP);
    let news = create("alice", "sn_news", Target::Notification(user("news")), Patch::KEEP.is_pinned(true));
    apply(store, NOW.0 + 5, [again("third"), old, news]).await;
}

async fn odd_texts(store: &MongoStore) {
    let owner = "$o.ä😀";
    let literal = |ex, info| create(owner, "$literal", group("$$this"), Patch::KEEP.ex(ex).attached_info(info));
    let odd = Patch::KEEP.ex("\0 a\0\u{1F600}\n\t").attached_info("\u{FEFF}\u{202E}");
    let quotes = create(owner, "sg.2 '\"\\", Target::Single(user("$o.ö")), odd);
    apply(store, NOW.0, [literal("$version", "{ \"$add\": [1, 1] }"), quotes]).await;
    apply(store, NOW.0, [remove(key(owner, "$literal"))]).await;
    apply(store, NOW.0, [literal("$$ROOT", "%s")]).await;
}

async fn cut_and_pruned(database: &Database, store: &MongoStore) {
    let short = database.store().await.with_log_entries(4);
    for n in 0..8 {
        apply(&short, NOW.0, [set(key("cut", format!("sg_{n}")), Patch::KEEP)]).await;
    }
    apply(store, NOW.0, ["sg_1", "sg_2"].map(|id| set(key("pruned", id), Patch::KEEP))).await;
    apply(store, NOW.0, [remove(key("pruned", "sg_1"))]).await;
    apply(store, NOW.0, [remove(key("pruned", "sg_2"))]).await;
    apply(store, NOW.0, [set(key("pruned", "sg_3"), Patch::KEEP)]).await;
    assert_eq!(store.prune(&user("pruned"), Version(2)).await.unwrap(), 1);
}

async fn documents_of_openim(database: &Database) {
    insert(database, theirs("imported", "sg_whole")).await;
    let mut sparse = theirs("imported", "sg_sparse");
    for null in ["recv_msg_opt", "burn_duration", "ex", "max_seq", "latest_msg_destruct_time", "user_id"] {
        sparse.insert(null, Bson::Null);
    }
    for missing in ["is_pinned", "attached_info", "min_seq", "msg_destruct_time", "create_time"] {
        sparse.remove(missing);
    }
    insert(database, sparse).await;

    insert(database, theirs("openim", "sg_1")).await;
    raise(database, "openim", "sg_1", 1).await;
    insert(database, theirs("openim", "sg_2")).await;
    raise(database, "openim", "sg_2", 1).await;
    raise(database, "openim", "sg_1", 3).await;
    delete(database, "openim", "sg_2").await;
}

async fn shared_with_openim(database: &Database, store: &MongoStore) {
    apply(store, NOW.0, ["sg_1", "sg_2"].map(|id| set(key("shared", id), Patch::KEEP))).await;
    insert(database, theirs("shared", "sg_3")).await;
    raise(database, "shared", "sg_3", 1).await;
    let unpin = set(key("shared", "sg_3"), Patch::KEEP.is_pinned(false));
    apply(store, NOW.0, [unpin, remove(key("shared", "sg_2"))]).await;
    delete(database, "shared", "sg_1").await;
}

async fn delete(database: &Database, owner: &str, id: &str) {
    let document = doc! { "owner_user_id": owner, "conversation_id": id };
    database.collection("conversation").delete_one(document).await.unwrap();
    raise(database, owner, id, 2).await;
}
