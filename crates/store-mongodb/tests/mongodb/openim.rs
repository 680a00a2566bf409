//! One database shared with OpenIM: each reads what the other writes.

use conversation_settings_core::{
    Custom, CustomPatch, Field, GroupAtType, Patch, RecvMsgOpt, Target, Timestamp, Version,
};
use conversation_settings_store::{
    Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, PageRequest, StoreError,
};
use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId, spec::ElementType};

use crate::support::{Database, NOW, batch, key, remove, set, user};

/// Go's zero time, which OpenIM writes for no time.
const NEVER: DateTime = DateTime::from_millis(-62_135_596_800_000);

/// A document as OpenIM writes it.
pub(crate) fn theirs(owner: &str, id: &str) -> Document {
    doc! {
        "_id": ObjectId::new(),
        "owner_user_id": owner,
        "conversation_id": id,
        "conversation_type": 3,
        "user_id": "",
        "group_id": "team",
        "recv_msg_opt": 2,
        "is_pinned": true,
        "is_private_chat": false,
        "burn_duration": 30,
        "group_at_type": 1,
        "attached_info": "info",
        "ex": "{\"a\":1}",
        "max_seq": 7_i64,
        "min_seq": 3_i64,
        "create_time": NOW_DATE,
        "is_msg_destruct": false,
        "msg_destruct_time": 86_400_i64,
        "latest_msg_destruct_time": NEVER,
    }
}

const NOW_DATE: DateTime = DateTime::from_millis(NOW.0);

/// Changes an owner's log as OpenIM's server does: raises the version, and moves the changed entry to the end.
pub(crate) async fn raise(database: &Database, owner: &str, id: &str, state: i32) {
    let version = doc! { "$add": ["$version", 1_i64] };
    let others =
        doc! { "$filter": { "input": "$logs", "as": "log", "cond": { "$not": { "$in": ["$$log.e_id", [id]] } } } };
    let entry = doc! { "e_id": id, "state": state, "version": version.clone(), "last_update": NOW_DATE };
    let set = doc! { "$set": { "version": version, "last_update": NOW_DATE, "logs": { "$concatArrays": [others, [entry]] } } };
    let updated =
        database.collection("conversation_version").update_one(doc! { "d_id": owner }, vec![set]).await.unwrap();
    if updated.matched_count == 0 {
        let entry = doc! { "e_id": id, "state": state, "version": 1_i64, "last_update": NOW_DATE };
        let log = doc! { "d_id": owner, "logs": [entry], "version": 1_i64, "deleted": 0_i64, "last_update": NOW_DATE };
        database.collection("conversation_version").insert_one(log).await.unwrap();
    }
}

/// The changes since a version as OpenIM's server reports them: IDs by state, `None` for a full sync.
async fn incremental(database: &Database, owner: &str, since: i64) -> Option<[Vec<String>; 3]> {
    let log = database.collection("conversation_version").find_one(doc! { "d_id": owner }).await.unwrap().unwrap();
    if log.get_i64("version").unwrap() < since || log.get_i64("deleted").unwrap() >= since {
        return None;
    }
    let mut ids = [Vec::new(), Vec::new(), Vec::new()];
    for entry in log.get_array("logs").unwrap() {
        let entry = entry.as_document().unwrap();
        if entry.get_i64("version").unwrap() > since {
            let state = usize::try_from(entry.get_i32("state").unwrap()).unwrap();
            ids[state - 1].push(entry.get_str("e_id").unwrap().to_owned());
        }
    }
    Some(ids)
}

pub(crate) async fn insert(database: &Database, document: Document) {
    database.collection("conversation").insert_one(document).await.unwrap();
}

#[tokio::test]
async fn reads_documents_of_openim() {
    let Some(database) = Database::new().await else { return };
    insert(&database, theirs("alice", "sg_team")).await;
    raise(&database, "alice", "sg_team", 1).await;
    let store = database.store().await;

    let read = store.get_one(key("alice", "sg_team")).await.unwrap().unwrap();
    assert_eq!(read.target, Target::from_parts(3, "team").unwrap());
    assert_eq!(read.created_at, NOW);
    let settings = &read.settings;
    assert_eq!(settings.recv_msg_opt, RecvMsgOpt::ReceiveWithoutNotifying);
    assert_eq!(settings.group_at_type, GroupAtType::Me);
    assert_eq!((settings.min_seq.get(), settings.max_seq.get()), (3, 7));
    assert_eq!((settings.burn_duration.get(), settings.msg_destruct_time.get()), (30, 86_400));
    assert!(settings.is_pinned && &*settings.ex == "{\"a\":1}" && &*settings.attached_info == "info");
    assert_eq!(settings.latest_msg_destruct_time, Timestamp(0), "no time is read as 0");

    let document = database.collection("conversation_version").find_one(doc! {}).await.unwrap().unwrap();
    let version = store.version(&user("alice")).await.unwrap();
    assert_eq!(version.log.to_string(), document.get_object_id("_id").unwrap().to_hex());
    assert_eq!(version.version, Version(1));
}

#[tokio::test]
async fn reads_and_finds_null_and_missing_fields_as_defaults() {
    let Some(database) = Database::new().await else { return };
    for (id, value) in [("sg_null", Some(Bson::Null)), ("sg_missing", None)] {
        let mut document = theirs("alice", id);
        for field in Field::ALL.iter().map(|field| field.column()).chain(["create_time", "user_id"]) {
            document.remove(field);
            document.extend(value.clone().map(|value| (field.to_owned(), value)));
        }
        insert(&database, document).await;
    }
    let store = database.store().await;
    let page = PageRequest::first(10);
    let defaults = Patch::KEEP.is_pinned(false).ex("").latest_msg_destruct_time(Timestamp(0));
    let found = store.list(&user("alice"), &Filter::is(defaults.clone()), &page).await.unwrap();
    assert_eq!(found.conversations.len(), 2);
    assert!(found.conversations.iter().all(|read| read.settings == conversation_settings_core::Settings::default()));
    let found = store.list(&user("alice"), &Filter::is_not(defaults), &page).await.unwrap();
    assert_eq!(found.conversations, []);
}

#[tokio::test]
async fn writes_documents_as_openim_does() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    store.apply(&batch([set(key("alice", "sg_team"), Patch::KEEP.is_pinned(true))]), NOW).await.unwrap();

    let written = database.collection("conversation").find_one(doc! {}).await.unwrap().unwrap();
    let template = theirs("alice", "sg_team");
    let types = |document: &Document| {
        let mut types: Vec<(String, ElementType)> =
            document.iter().map(|(name, value)| (name.clone(), value.element_type())).collect();
        types.sort_by(|a, b| a.0.cmp(&b.0));
        types
    };
    assert_eq!(types(&written), types(&template), "every field of OpenIM's, with the same type");
    assert_eq!(written.get_datetime("latest_msg_destruct_time").unwrap(), &NEVER);

    let log = database.collection("conversation_version").find_one(doc! {}).await.unwrap().unwrap();
    let expected = doc! {
        "_id": log.get_object_id("_id").unwrap(),
        "d_id": "alice",
        "logs": [{ "e_id": "sg_team", "state": 1, "version": 1_i64, "last_update": NOW_DATE }],
        "version": 1_i64,
        "deleted": 0_i64,
        "last_update": NOW_DATE,
    };
    assert_eq!(log, expected);
}

#[tokio::test]
async fn reports_changes_of_both_servers_to_clients_of_both() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let alice = user("alice");
    // The adapter and OpenIM write in turn.
    store
        .apply(&batch([set(key("alice", "sg_1"), Patch::KEEP), set(key("alice", "sg_2"), Patch::KEEP)]), NOW)
        .await
        .unwrap();
    insert(&database, theirs("alice", "sg_3")).await;
    raise(&database, "alice", "sg_3", 1).await;
    let applied = batch([set(key("alice", "sg_3"), Patch::KEEP.is_pinned(false)), remove(key("alice", "sg_2"))]);
    store.apply(&applied, NOW).await.unwrap();
    database.collection("conversation").delete_one(doc! { "conversation_id": "sg_1" }).await.unwrap();
    raise(&database, "alice", "sg_1", 2).await;

    let current = store.version(&alice).await.unwrap();
    assert_eq!(current.version, Version(4));
    let since = |version| OwnerVersion { version: Version(version), ..current };
    let changes_since = async |version| match store.changes(&alice, &since(version), 10).await.unwrap() {
        Changes::Full(_) => panic!("the log has these entries"),
        Changes::Increment { inserted, updated, mut removed, .. } => {
            removed.sort();
            let ids = |list: Vec<conversation_settings_core::Conversation>| {
                list.into_iter().map(|one| one.key.conversation_id.to_string()).collect::<Vec<_>>()
            };
            [ids(inserted), removed.into_iter().map(|id| id.to_string()).collect(), ids(updated)]
        }
    };
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(changes_since(1).await, [ids(&["sg_3"]), ids(&["sg_1", "sg_2"]), ids(&[])], "an insert stays an insert");
    assert_eq!(changes_since(2).await, [ids(&[]), ids(&["sg_1", "sg_2"]), ids(&["sg_3"])]);
    assert_eq!(changes_since(3).await, [ids(&[]), ids(&["sg_1"]), ids(&[])]);

    // The adapter keeps the positions of entries, so OpenIM reports them in the order of their first change.
    let theirs = incremental(&database, "alice", 1).await.unwrap();
    assert_eq!(theirs, [ids(&[]), ids(&["sg_2", "sg_1"]), ids(&["sg_3"])]);
    assert_eq!(incremental(&database, "alice", 4).await.unwrap(), [ids(&[]), ids(&[]), ids(&[])]);
}

#[tokio::test]
async fn treats_conversation_without_entry_as_older_than_log() {
    let Some(database) = Database::new().await else { return };
    insert(&database, theirs("alice", "sg_imported")).await;
    let store = database.store().await;
    store.apply(&batch([set(key("alice", "sg_new"), Patch::KEEP)]), NOW).await.unwrap();
    let current = store.version(&user("alice")).await.unwrap();
    assert_eq!(current.version, Version(1));
    let Changes::Increment { inserted, .. } =
        store.changes(&user("alice"), &OwnerVersion { version: Version(0), ..current }, 10).await.unwrap()
    else {
        panic!("a client at version 0 gets every conversation")
    };
    assert_eq!(inserted.len(), 2);
}

#[tokio::test]
async fn keeps_the_host_s_own_settings_beside_openim_s() {
    let Some(database) = Database::new().await else { return };
    let set_custom = |custom| batch([set(key("alice", "sg_null"), Patch::KEEP.custom(custom))]);
    let mut document = theirs("alice", "sg_null");
    document.insert("custom", Bson::Null);
    insert(&database, document).await;
    let mut document = theirs("alice", "sg_other");
    document.insert("custom", doc! { "narrow": 7, "wide": 7_i64, "text": "x", "flag": true });
    insert(&database, document).await;
    let store = database.store().await;
    let read = async |id| store.get_one(key("alice", id)).await.map(|found| found.unwrap().settings.custom);
    let shown = |custom: Custom| custom.iter().map(|(name, value)| format!("{name} {value:?}")).collect::<Vec<_>>();
    let others = shown(read("sg_other").await.unwrap());
    assert_eq!(others, ["flag Boolean(true)", "narrow Integer(7)", "text Text(\"x\")", "wide Integer(7)"]);

    let change = CustomPatch::KEEP.set("theme", "dark").unwrap().remove("folder").unwrap();
    store.apply(&set_custom(change), NOW).await.unwrap();
    // OpenIM updates fields of its own.
    let conversations = database.collection("conversation");
    let of_null = doc! { "conversation_id": "sg_null" };
    conversations.update_one(of_null.clone(), doc! { "$set": { "is_pinned": false } }).await.unwrap();
    assert_eq!(shown(read("sg_null").await.unwrap()), ["theme Text(\"dark\")"]);
    let change = CustomPatch::KEEP.set("folder", 7).unwrap();
    store.apply(&set_custom(change), NOW).await.unwrap();
    let stored = conversations.find_one(of_null.clone()).await.unwrap().unwrap();
    assert_eq!(stored.get_document("custom").unwrap(), &doc! { "theme": "dark", "folder": 7_i64 });
    let change = CustomPatch::KEEP.remove("theme").unwrap().remove("folder").unwrap();
    store.apply(&set_custom(change), NOW).await.unwrap();
    let stored = conversations.find_one(of_null.clone()).await.unwrap().unwrap();
    assert!(!stored.contains_key("custom"), "OpenIM's fields alone: {stored}");

    for wrong in [Bson::from(1.5), doc! { "deep": 1 }.into(), "\0".into()] {
        conversations.update_one(of_null.clone(), doc! { "$set": { "custom.theme": &wrong } }).await.unwrap();
        let error = read("sg_null").await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { key: Some(_), .. }), "{wrong}: {error:?}");
        assert!(read("sg_other").await.is_ok());
    }
}
