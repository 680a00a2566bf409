//! Several processes at once on the same owners.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    sync::mpsc,
    time::Duration,
};

use conversation_store::{ConversationStore, ConversationStoreExt};

use crate::{
    support::{Database, key, user},
    worker::{OWNERS, What, Work, Worker},
};

/// For how long, in seconds: `CONVERSATION_TEST_SECONDS`, for a long run.
fn duration() -> Duration {
    let seconds = env::var("CONVERSATION_TEST_SECONDS").map_or(8, |seconds| seconds.parse().unwrap());
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn four_processes_on_fifty_owners_come_to_what_one_after_the_other_would() {
    let Some(database) = Database::new().await else { return };
    let store = database.store().await;
    let (sender, told) = mpsc::channel();
    let workers: Vec<_> =
        (0..4).map(|number| Worker::start(number, Work::Update, &database.address, sender.clone())).collect();
    drop(sender);
    tokio::time::sleep(duration()).await;
    workers.into_iter().for_each(Worker::finish);

    let mut histories: HashMap<String, BTreeMap<u64, (String, String)>> = HashMap::new();
    let mut batches = 0;
    for told in told {
        assert_eq!(told.what, What::Acknowledged, "{told:?}");
        batches += 1;
        for (owner, version) in told.owners {
            let change = (told.conversation.clone(), told.value.clone());
            let doubled = histories.entry(owner.clone()).or_default().insert(version, change);
            assert_eq!(doubled, None, "version {version} of {owner} was given twice");
        }
    }
    assert!(batches > 100, "only {batches} batches");
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
    println!("{batches} batches acknowledged, none lost, no version doubled");
}
