//! A sharded cluster sends a command that names owners to the shards of these owners, and any other to every shard.

use conversation_settings_core::{Change, Missing, Patch, Version};
use conversation_settings_store::{ConversationStore, Filter, OwnerVersion, PageRequest};
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};

use crate::support::{Database, NOW, batch, conversation, group, key, remove, set, user};

/// The collection with the profile of a database: every command that it ran.
const PROFILE: &str = "system.profile";

/// Whether a filter names the values of a field.
fn names(filter: &Document, field: &str) -> bool {
    let parts = |name| filter.get_array(name).into_iter().flatten().filter_map(Bson::as_document);
    let is_named = |value: &Bson| value.as_document().is_none_or(|value| value.contains_key("$in"));
    filter.get(field).is_some_and(is_named)
        || (parts("$or").next().is_some() && parts("$or").all(|part| names(part, field)))
        || parts("$and").any(|part| names(part, field))
}

/// The filter of a command, if it has one: an insert has none.
fn filter(entry: &Document) -> Option<Document> {
    let command = entry.get_document("command").ok()?;
    let first = || command.get_array("pipeline").ok()?.first()?.as_document()?.get_document("$match").ok();
    let filter = ["filter", "q", "query"].into_iter().find_map(|name| command.get_document(name).ok());
    filter.or_else(first).cloned()
}

/// The profiled commands on a collection.
async fn profiled(database: &Database, collection: &str) -> Vec<Document> {
    let profile = database.collection(PROFILE);
    let of_collection =
        doc! { "ns": format!("{}.{collection}", database.name), "op": { "$nin": ["insert", "getmore"] } };
    profile.find(of_collection).await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn names_owners_in_every_command_but_list_by_conversation() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let of_database = database.client.database(&database.name);
    // Large enough to keep every command.
    of_database.create_collection(PROFILE).capped(true).size(64 * 1024 * 1024).await.unwrap();
    of_database.run_command(doc! { "profile": 2 }).await.unwrap();

    let keys: Vec<_> = (0..60).map(|n| key(format!("user{n}"), format!("sg_{}", n % 3))).collect();
    let all = |patch: Patch| batch(keys.iter().map(|key| set(key.clone(), patch.clone())));
    // Create, update, no-op in a transaction, no-op on the fast path.
    for patch in [Patch::KEEP.ex("x"), Patch::KEEP.ex("y"), Patch::KEEP.ex("y"), Patch::KEEP.ex("y")] {
        store.apply(&all(patch), NOW).await.unwrap();
    }
    // A different change of each conversation.
    let own =
        |n: usize| Change::Set { patch: Patch::KEEP.ex(n.to_string()), missing: Missing::CreateEvenIfEmpty(group()) };
    let writes = keys
        .iter()
        .enumerate()
        .map(|(n, key)| conversation_settings_core::Write { key: key.clone(), change: own(n).into() });
    store.apply(&batch(writes), NOW).await.unwrap();
    let (owner, since) =
        (user("user1"), |version| OwnerVersion { version: Version(version), ..OwnerVersion::default() });
    let log = store.version(&owner).await.unwrap().log;
    store.get(&keys).await.unwrap();
    store.list(&owner, &Filter::is(Patch::KEEP.is_pinned(true)), &PageRequest::first(10)).await.unwrap();
    for version in [0, 1] {
        store.changes(&owner, &OwnerVersion { log, ..since(version) }, 100).await.unwrap();
    }
    store.apply(&batch(keys.iter().cloned().map(remove)), NOW).await.unwrap();
    store.prune(&owner, Version(1)).await.unwrap();

    for (collection, owner) in [("conversation", "owner_user_id"), ("conversation_version", "d_id")] {
        let commands = profiled(&database, collection).await;
        assert!(commands.len() >= 8, "{collection}: {commands:#?}");
        for command in commands {
            let filter = filter(&command).unwrap_or_else(|| panic!("{collection}: {command:#?}"));
            assert!(names(&filter, owner), "{collection}: {filter}");
        }
    }

    store.list_by_conversation(&conversation("sg_1"), &Filter::ALL, &PageRequest::first(10)).await.unwrap();
    let asked: Vec<_> = profiled(&database, "conversation").await.iter().filter_map(filter).collect();
    assert!(asked.iter().any(|filter| !names(filter, "owner_user_id")), "list_by_conversation goes to every shard");
}
