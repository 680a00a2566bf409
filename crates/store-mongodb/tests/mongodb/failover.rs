//! The primary is killed, stepped down and paused while two processes write.

use std::{
    collections::{HashMap, HashSet},
    env,
    sync::mpsc,
    time::{Duration, Instant},
};

use conversation_settings_core::UserId;
use conversation_settings_store::{ConversationStore, Filter, PageRequest};
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::workers::{Told, What, Work};
use futures_util::TryStreamExt;
use mongodb::{
    Client,
    bson::{Document, doc},
};

use crate::{members::Members, support::conversation, worker};

/// How many failovers: `CONVERSATION_TEST_FAILOVERS`, for a long run.
fn failovers() -> usize {
    env::var("CONVERSATION_TEST_FAILOVERS").map_or(3, |number| number.parse().unwrap())
}

/// Longer than any failover may keep callers waiting: an election, and the time in which a paused server is given up.
const LONGEST: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_batch_is_lost_and_none_is_halved_when_the_primary_goes() {
    let Some(mut members) = Members::start().await else { return };
    let address = members.address();
    MongoStore::open(&address).await.unwrap();
    let (sender, told) = mpsc::channel();
    let workers: Vec<_> = (0..2).map(|number| worker::start(number, Work::Create, &address, sender.clone())).collect();
    drop(sender);
    let mut all = Vec::new();
    served(&told, &mut all, Instant::now());
    for round in 0..failovers() {
        let primary = members.primary().await;
        let start = Instant::now();
        let kind = ["killed", "stepped down", "paused"][round % 3];
        match kind {
            "killed" => members.kill(primary),
            "stepped down" => members.step_down(primary).await,
            _ => members.signal(primary, "-STOP"),
        }
        let servers = tokio::spawn(members.take_writes(primary, start));
        let outage = served(&told, &mut all, start);
        let servers = servers.await.unwrap();
        println!("{kind}: the servers by themselves {servers:.1?}, served again after {outage:.1?}");
        match kind {
            "killed" => members.run(primary),
            "stepped down" => {}
            _ => members.signal(primary, "-CONT"),
        }
        members.all_well().await;
        served(&told, &mut all, Instant::now());
    }
    for worker in workers {
        worker.finish().unwrap();
    }
    all.extend(told);
    println!("{}", check(&address, &all).await);
}

/// Waits until each worker has been acknowledged a batch that it began after `start`, and answers with how long the
/// slowest had to wait for that.
fn served(told: &mpsc::Receiver<Told>, all: &mut Vec<Told>, start: Instant) -> Duration {
    let mut acknowledged = [0; 2];
    // The callers of a worker have batches under way that may have been answered before; the ones after those were not.
    while acknowledged.iter().any(|number| *number <= 4) {
        let one = told
            .recv_timeout(LONGEST.saturating_sub(start.elapsed()))
            .unwrap_or_else(|_| panic!("not served within {LONGEST:?}, last {:?}", all.last()));
        if one.at > start && one.what == What::Acknowledged {
            acknowledged[one.worker] += 1;
        }
        all.push(one);
    }
    start.elapsed()
}

/// Checks that the database holds all of each acknowledged batch, and all or nothing of each other, and
/// says how many there were.
async fn check(address: &str, all: &[Told]) -> String {
    let wrong: Vec<_> = all.iter().filter(|told| matches!(told.what, What::Wrong(_))).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let store = MongoStore::open(address).await.unwrap();
    let client = Client::with_uri_str(address).await.unwrap();
    let logs = client.database("failover").collection::<Document>("conversation_version").find(doc! {}).await.unwrap();
    let mut versions: HashMap<(String, String), u64> = HashMap::new();
    for log in logs.try_collect::<Vec<_>>().await.unwrap() {
        let owner = log.get_str("d_id").unwrap();
        let mut of_owner = HashSet::new();
        for entry in log.get_array("logs").unwrap() {
            let entry = entry.as_document().unwrap();
            let version = u64::try_from(entry.get_i64("version").unwrap()).unwrap();
            assert!(of_owner.insert(version), "version {version} of {owner} was given twice");
            versions.insert((owner.to_owned(), entry.get_str("e_id").unwrap().to_owned()), version);
        }
        let last = u64::try_from(log.get_i64("version").unwrap()).unwrap();
        assert_eq!(of_owner.len() as u64, last, "{owner}: every version once");
    }
    let (mut acknowledged, mut unknown, mut stored) = (0, 0, 0);
    for told in all {
        let id = conversation(&told.conversation);
        let holders =
            store.list_by_conversation(&id, &Filter::ALL, &PageRequest::first(100)).await.unwrap().conversations;
        let holders: Vec<UserId> = holders.into_iter().map(|holder| holder.key.owner).collect();
        let there =
            told.owners.iter().filter(|(owner, _)| holders.iter().any(|holder| holder.as_str() == owner)).count();
        let logged = told
            .owners
            .iter()
            .filter_map(|(owner, version)| Some((versions.get(&(owner.clone(), told.conversation.clone()))?, version)));
        let logged: Vec<_> = logged.collect();
        assert_eq!(there, logged.len(), "rows and logs differ: {told:?}");
        if told.what == What::Acknowledged {
            assert_eq!(there, told.owners.len(), "lost: {told:?}");
            assert!(logged.iter().all(|(found, told)| found == told), "another version: {told:?}");
            acknowledged += 1;
        } else {
            assert!(there == 0 || there == told.owners.len(), "halved: {told:?}");
            unknown += 1;
            stored += usize::from(there > 0);
        }
    }
    format!("{acknowledged} batches acknowledged, none lost; {unknown} unknown, {stored} of them stored, none halved")
}
