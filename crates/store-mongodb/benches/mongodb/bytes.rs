//! The bytes that a million conversations take, for the estimates in `docs/scaling.md`.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::MongoStore;
use futures_util::TryStreamExt;
use mongodb::{
    Database,
    bson::{Document, RawDocumentBuf, doc},
};

use crate::NOW;

/// Users with 100 groups of 100 members and 200 single chats each: a million conversations.
const OWNERS: usize = 3_334;
const GROUPS: usize = 100;
const PEERS: usize = 200;

/// Fills the database of `store`, and prints its sizes.
pub(crate) async fn measure(store: &MongoStore, database: &Database) {
    for owner in 0..OWNERS {
        // Both views of each pair.
        let peers = (1..=PEERS / 2).flat_map(|n| [7 * n, OWNERS - 7 * n]).map(|n| (owner + n) % OWNERS);
        let writes =
            peers.map(|peer| write(owner, single(owner.min(peer), owner.max(peer)), Target::Single(user(peer))));
        store.apply(&WriteBatch::new(writes.collect()).unwrap(), NOW).await.unwrap();
    }
    for number in 0..OWNERS {
        let target = Target::Group(GroupId::new(id(number).as_str()).unwrap());
        let members = (0..GROUPS).map(|n| (number + n * 33) % OWNERS);
        let group = ConversationId::new(format!("sg_{}", id(number)).as_str()).unwrap();
        let writes = members.map(|member| write(member, group.clone(), target.clone()));
        store.apply(&WriteBatch::new(writes.collect()).unwrap(), NOW).await.unwrap();
    }
    // The server reports sizes on disk as of the last checkpoint.
    database.client().database("admin").run_command(doc! { "fsync": 1 }).await.unwrap();
    for collection in ["conversation", "conversation_version"] {
        print_sizes(database, collection).await;
    }
    let entries = doc! { "$group": { "_id": null, "entries": { "$avg": { "$size": "$logs" } } } };
    let logs = database.collection::<Document>("conversation_version").aggregate([entries]).await.unwrap();
    println!("# bytes: {:?}", logs.try_collect::<Vec<_>>().await.unwrap());
    print_oplog(store, database).await;
}

/// Prints the sizes of a collection and its indexes, in memory and on disk.
async fn print_sizes(database: &Database, collection: &str) {
    let stats = database.run_command(doc! { "collStats": collection }).await.unwrap();
    let sizes = ["count", "size", "avgObjSize", "storageSize", "indexSizes"].map(|name| (name, stats.get(name)));
    println!("# bytes: {collection}: {sizes:?}");
}

/// Prints the bytes that one update of 100 users adds to the oplog.
async fn print_oplog(store: &MongoStore, database: &Database) {
    let group = ConversationId::new(format!("sg_{}", id(0)).as_str()).unwrap();
    let change = Arc::new(Change::Set { patch: Patch::KEEP.is_pinned(true), missing: Missing::Skip });
    let write = |n| Write { key: Key::new(user(n * 33 % OWNERS), group.clone()), change: change.clone() };
    store.apply(&WriteBatch::new((0..GROUPS).map(write).collect()).unwrap(), NOW).await.unwrap();
    let oplog = database.client().database("local").collection::<RawDocumentBuf>("oplog.rs");
    let of_ours = oplog.find_one(doc! { "o.applyOps.ns": format!("{}.conversation", database.name()) });
    let last = of_ours.sort(doc! { "$natural": -1 }).await.unwrap().unwrap();
    println!("# bytes: an update of {GROUPS} users in the oplog: {}", last.as_bytes().len());
}

fn write(owner: usize, conversation: ConversationId, target: Target) -> Write {
    let change = Change::Set { patch: Patch::KEEP, missing: Missing::CreateEvenIfEmpty(target) };
    Write { key: Key::new(user(owner), conversation), change: change.into() }
}

/// A user ID of ten digits, as OpenIM makes them.
fn id(number: usize) -> String {
    format!("{:010}", 1_000_000_007 + number * 2_654_435 % 4_000_000_000)
}

fn user(number: usize) -> UserId {
    UserId::new(id(number).as_str()).unwrap()
}

fn single(one: usize, other: usize) -> ConversationId {
    ConversationId::new(format!("si_{}_{}", id(one), id(other)).as_str()).unwrap()
}
