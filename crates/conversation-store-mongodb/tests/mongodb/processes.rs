//! Several processes at once on the same owners.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    sync::mpsc,
};

use conversation_store::{ConversationStore, ConversationStoreExt};

use crate::{
    support::{Database, key, user},
    worker::{OWNERS, What, Work, Worker},
};

/// How many batches: `CONVERSATION_TEST_BATCHES`, for a long run.
fn batches() -> usize {
    env::var("CONVERSATION_TEST_BATCHES").map_or(500, |number| number.parse().unwrap())
}

#[tokio::test]
async fn four_processes_on_fifty_owners_come_to_what_one_after_the_other_would() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let (sender, told) = mpsc::channel();
    let workers: Vec<_> =
        (0..4).map(|number| Worker::start(number, Work::Update, &database.address, sender.clone())).collect();
    drop(sender);
    let mut all: Vec<_> = told.iter().take(batches()).collect();
    workers.into_iter().for_each(Worker::finish);
    all.extend(told);

    let mut histories: HashMap<String, BTreeMap<u64, (String, String)>> = HashMap::new();
    assert!(all.len() >= batches(), "only {} batches", all.len());
    let number = all.len();
    for told in all {
        assert_eq!(told.what, What::Acknowledged, "{told:?}");
        for (owner, version) in told.owners {
            let change = (told.conversation.clone(), told.value.clone());
            let doubled = histories.entry(owner.clone()).or_default().insert(version, change);
            assert_eq!(doubled, None, "version {version} of {owner} was given twice");
        }
    }
    assert_eq!(histories.len() as u64, OWNERS);
    for (owner, history) in histories {
        let version = store.version(&user(&owner)).await.unwrap().version.0;
        assert!(history.keys().copied().eq(1..=version), "{owner}: every version up to {version} once");
        let last: BTreeMap<String, String> = history.into_values().collect();
        for (conversation, value) in last {
            let read = store.get_one(key(&owner, &conversation)).await.unwrap().unwrap();
            assert_eq!(*read.settings.ex, *value, "{conversation} of {owner}");
        }
    }
    println!("{number} batches acknowledged, none lost, no version doubled");
}
