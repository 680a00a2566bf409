//! The stored form does not change: a dump of both collections as of commit d1e71c6, in `mongodump`'s format, is read,
//! continued, and written again by the same history.

use std::collections::BTreeMap;

use conversation_settings_core::{
    BurnDuration, Conversation, GroupAtType, GroupId, Patch, RecvMsgOpt, Seconds, Seq, Settings, Target, Timestamp,
    UserId, Version,
};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, RawDocument, doc, oid::ObjectId};

use crate::support::{Database, NOW, batch, conversation, key, remove, set, user};

mod history;

const DUMP: [(&str, &[u8]); 2] = [
    ("conversation", include_bytes!("stored_form/conversation.bson")),
    ("conversation_version", include_bytes!("stored_form/conversation_version.bson")),
];

/// The documents of a dump, which begin with their length.
fn documents(mut dump: &[u8]) -> Vec<Document> {
    let mut documents = Vec::new();
    while let Some(length) = dump.first_chunk() {
        let (document, rest) = dump.split_at(u32::from_le_bytes(*length).try_into().unwrap());
        documents.push(RawDocument::from_bytes(document).unwrap().try_into().unwrap());
        dump = rest;
    }
    documents
}

async fn load(database: &Database) {
    for (name, dump) in DUMP {
        database.collection(name).insert_many(documents(dump)).await.unwrap();
    }
}

/// The documents of a collection, in the dump's order.
async fn stored(database: &Database, name: &str) -> Vec<Document> {
    let order = doc! { "owner_user_id": 1, "conversation_id": 1, "d_id": 1 };
    database.collection(name).find(doc! {}).sort(order).await.unwrap().try_collect().await.unwrap()
}

fn group(id: &str) -> Target {
    Target::Group(GroupId::new(id).unwrap())
}

fn expect(owner: &str, id: &str, target: Target, patch: &Patch, created_at: i64) -> Conversation {
    let mut settings = Settings::default();
    patch.apply(&mut settings);
    Conversation { key: key(owner, id), target, settings, created_at: Timestamp(created_at) }
}

/// Every conversation of the dump.
fn expected() -> Vec<Conversation> {
    let (team, none) = (group("team"), Patch::KEEP);
    let openim = Patch::KEEP
        .recv_msg_opt(RecvMsgOpt::ReceiveWithoutNotifying)
        .is_pinned(true)
        .burn_duration(BurnDuration::try_from(30).unwrap())
        .group_at_type(GroupAtType::Me)
        .attached_info("info")
        .ex("{\"a\":1}")
        .min_seq(Seq::try_from(3).unwrap())
        .max_seq(Seq::try_from(7).unwrap())
        .msg_destruct_time(Seconds::try_from(86_400).unwrap());
    let zero_year = -62_135_596_800_000;
    let news = Target::Notification(UserId::new("news").unwrap());
    let odd = Patch::KEEP.ex("\0 a\0\u{1F600}\n\t").attached_info("\u{FEFF}\u{202E}");
    let mut all = vec![
        expect("$o.ä😀", "$literal", group("$$this"), &Patch::KEEP.ex("$$ROOT").attached_info("%s"), NOW.0),
        expect("$o.ä😀", "sg.2 '\"\\", Target::Single(user("$o.ö")), &odd, NOW.0),
        expect("alice", "old", Target::OldGroup(GroupId::new("old").unwrap()), &none, NOW.0 + 5),
        expect("alice", "sg_again", group("again"), &Patch::KEEP.ex("third"), NOW.0 + 5),
        expect("alice", "si_alice_bob", Target::Single(user("bob")), &history::all_settings("blue"), NOW.0),
        expect("alice", "sn_news", news, &Patch::KEEP.is_pinned(true), NOW.0 + 5),
        expect("ends", "sg_1", team.clone(), &history::largest_numbers(), -1),
        expect("ends", "sg_2", team.clone(), &Patch::KEEP.latest_msg_destruct_time(Timestamp(-1)), -1),
        expect("imported", "sg_sparse", team.clone(), &Patch::KEEP.group_at_type(GroupAtType::Me), zero_year),
        expect("imported", "sg_whole", team.clone(), &openim, NOW.0),
        expect("openim", "sg_1", team.clone(), &openim, NOW.0),
        expect("pruned", "sg_3", team.clone(), &none, NOW.0),
        expect("shared", "sg_3", team.clone(), &openim.is_pinned(false), NOW.0),
    ];
    all.extend((0..8).map(|n| expect("cut", &format!("sg_{n}"), team.clone(), &none, NOW.0)));
    all
}

/// IDs of inserted, updated and removed conversations; `None` for a full sync.
type Ids = Option<[&'static [&'static str]; 3]>;

/// What each owner's clients get at each version from 0 on.
const CHANGES: [(&str, &[Ids]); 8] = [
    (
        "$o.ä😀",
        &[
            Some([&["$literal", "sg.2 '\"\\"], &[], &[]]),
            Some([&[], &["$literal"], &[]]),
            Some([&["$literal"], &[], &[]]),
            Some([&[], &[], &[]]),
            None,
        ],
    ),
    (
        "alice",
        &[
            Some([&["old", "sg_again", "si_alice_bob", "sn_news"], &[], &[]]),
            Some([&["old", "sn_news"], &["sg_again", "si_alice_bob"], &["sg_gone"]]),
            Some([&["old", "sg_again", "sn_news"], &["si_alice_bob"], &[]]),
            Some([&["old", "sn_news"], &["sg_again", "si_alice_bob"], &[]]),
            Some([&["old", "sn_news"], &["sg_again"], &[]]),
            Some([&["old", "sg_again", "sn_news"], &[], &[]]),
            Some([&[], &[], &[]]),
            None,
        ],
    ),
    (
        "cut",
        &[
            Some([&["sg_0", "sg_1", "sg_2", "sg_3", "sg_4", "sg_5", "sg_6", "sg_7"], &[], &[]]),
            None,
            None,
            Some([&["sg_3", "sg_4", "sg_5", "sg_6", "sg_7"], &[], &[]]),
            Some([&["sg_4", "sg_5", "sg_6", "sg_7"], &[], &[]]),
            Some([&["sg_5", "sg_6", "sg_7"], &[], &[]]),
            Some([&["sg_6", "sg_7"], &[], &[]]),
            Some([&["sg_7"], &[], &[]]),
            Some([&[], &[], &[]]),
            None,
        ],
    ),
    ("ends", &[Some([&["sg_1", "sg_2"], &[], &[]]), Some([&[], &[], &[]]), None]),
    ("imported", &[Some([&[], &[], &[]]), None]),
    (
        "openim",
        &[
            Some([&["sg_1"], &[], &[]]),
            Some([&["sg_1"], &[], &["sg_2"]]),
            Some([&["sg_1"], &[], &["sg_2"]]),
            Some([&[], &[], &["sg_2"]]),
            Some([&[], &[], &[]]),
            None,
        ],
    ),
    (
        "pruned",
        &[
            Some([&["sg_3"], &[], &[]]),
            None,
            Some([&["sg_3"], &[], &["sg_2"]]),
            Some([&["sg_3"], &[], &[]]),
            Some([&[], &[], &[]]),
            None,
        ],
    ),
    (
        "shared",
        &[
            Some([&["sg_3"], &[], &[]]),
            Some([&["sg_3"], &[], &["sg_1", "sg_2"]]),
            Some([&[], &["sg_3"], &["sg_1", "sg_2"]]),
            Some([&[], &[], &["sg_1"]]),
            Some([&[], &[], &[]]),
            None,
        ],
    ),
];

/// The changes with their conversations and IDs in order.
fn sorted(mut changes: Changes) -> Changes {
    if let Changes::Increment { inserted, updated, removed, .. } = &mut changes {
        inserted.sort_by(|a, b| a.key.cmp(&b.key));
        updated.sort_by(|a, b| a.key.cmp(&b.key));
        removed.sort();
    }
    changes
}

fn increment(owner: &str, current: OwnerVersion, ids: [&[&str]; 3], all: &[Conversation]) -> Changes {
    let find = |id: &&str| all.iter().find(|one| one.key == key(owner, id)).unwrap().clone();
    Changes::Increment {
        version: current,
        inserted: ids[0].iter().map(find).collect(),
        updated: ids[1].iter().map(find).collect(),
        removed: ids[2].iter().map(conversation).collect(),
    }
}

#[tokio::test]
async fn reads_dump_of_earlier_version() {
    let Some(database) = Database::new().await else { return };
    load(&database).await;
    let store = database.store().await;
    let all = expected();
    let logs: BTreeMap<_, _> = documents(DUMP[1].1)
        .into_iter()
        .map(|log| (log.get_str("d_id").unwrap().to_owned(), log.get_object_id("_id").unwrap()))
        .collect();
    for (owner, changes) in CHANGES {
        let of_owner: Vec<_> = all.iter().filter(|one| one.key.owner.as_str() == owner).cloned().collect();
        assert_eq!(store.list_all(&user(owner), &Filter::ALL).await.unwrap(), of_owner);
        let current = store.version(&user(owner)).await.unwrap();
        assert_eq!(current.log.0, logs.get(owner).map_or([0; 12], ObjectId::bytes), "{owner}");
        assert_eq!(current.version, Version(changes.len() as u64 - 2), "{owner}");
        for (since, expected) in (0..).map(Version).zip(changes) {
            let read = store.changes(&user(owner), &OwnerVersion { version: since, ..current }, 100).await.unwrap();
            let expected = expected.map_or(Changes::Full(current), |ids| increment(owner, current, ids, &all));
            assert_eq!(sorted(read), expected, "{owner} since {since}");
        }
    }
    for key in [key("alice", "sg_gone"), key("openim", "sg_2"), key("pruned", "sg_1"), key("shared", "sg_1")] {
        assert_eq!(store.get_one(key).await.unwrap(), None);
    }
    for (name, dump) in DUMP {
        assert_eq!(stored(&database, name).await, documents(dump), "reading writes nothing");
    }
}

#[tokio::test]
async fn continues_dump_of_earlier_version() {
    let Some(database) = Database::new().await else { return };
    load(&database).await;
    let store = database.store().await;
    let mut before = BTreeMap::new();
    for (owner, _) in CHANGES {
        before.insert(user(owner), store.version(&user(owner)).await.unwrap().version);
    }
    let gone = [key("alice", "si_alice_bob"), key("cut", "sg_0")];
    let again = [key("alice", "sg_gone"), key("openim", "sg_2"), key("pruned", "sg_1"), key("shared", "sg_1")];
    let mut all: Vec<_> = expected().into_iter().filter(|one| !gone.contains(&one.key)).collect();
    let update = Patch::KEEP.ex("later");
    let writes = all.iter().map(|one| set(one.key.clone(), update.clone()));
    let writes = writes.chain(again.iter().map(|key| set(key.clone(), update.clone())));
    store.apply(&batch(writes.chain(gone.map(remove))), NOW).await.unwrap();

    for one in &mut all {
        update.apply(&mut one.settings);
    }
    all.extend(
        again.map(|key| expect(key.owner.as_str(), key.conversation_id.as_str(), group("team"), &update, NOW.0)),
    );
    all.sort_by(|a, b| a.key.cmp(&b.key));
    for (owner, version) in before {
        let of_owner: Vec<_> = all.iter().filter(|one| one.key.owner == owner).cloned().collect();
        assert_eq!(store.list_all(&owner, &Filter::ALL).await.unwrap(), of_owner);
        assert_eq!(store.version(&owner).await.unwrap().version, version.next(), "{owner}");
    }
    let ids: [(&str, u64, [&[&str]; 3]); 6] = [
        ("alice", 1, [&["old", "sn_news"], &["sg_again", "sg_gone"], &["si_alice_bob"]]),
        ("alice", 6, [&["sg_gone"], &["old", "sg_again", "sn_news"], &["si_alice_bob"]]),
        ("cut", 8, [&[], &["sg_1", "sg_2", "sg_3", "sg_4", "sg_5", "sg_6", "sg_7"], &["sg_0"]]),
        ("openim", 3, [&[], &["sg_1", "sg_2"], &[]]),
        ("pruned", 2, [&["sg_1", "sg_3"], &[], &["sg_2"]]),
        ("shared", 4, [&["sg_1"], &["sg_3"], &[]]),
    ];
    for (owner, since, ids) in ids {
        let current = store.version(&user(owner)).await.unwrap();
        let since = OwnerVersion { version: Version(since), ..current };
        let read = store.changes(&user(owner), &since, 100).await.unwrap();
        assert_eq!(sorted(read), increment(owner, current, ids, &all), "{owner} since {}", since.version);
    }
}

#[tokio::test]
async fn writes_dump_of_earlier_version() {
    let Some(database) = Database::new().await else { return };
    history::write(&database).await;
    for (name, dump) in DUMP {
        let (stored, dump) = (stored(&database, name).await, documents(dump));
        assert_eq!(stored.len(), dump.len());
        for (stored, mut expected) in stored.into_iter().zip(dump) {
            expected.remove("_id");
            // Only settings that did not exist then may be in the document too.
            let of_dump = stored.into_iter().filter(|(field, _)| expected.contains_key(field)).collect::<Document>();
            assert_eq!(of_dump, expected);
        }
    }
}
