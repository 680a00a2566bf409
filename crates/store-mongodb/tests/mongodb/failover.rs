//! Kills, steps down and pauses the primary while two processes write.

use std::{
    collections::{HashMap, HashSet},
    env,
    time::{Duration, Instant},
};

use conversation_settings_core::UserId;
use conversation_settings_store::{ConversationStore, Filter, PageRequest};
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_testkit::multiprocess::{Batch, BatchOutcome, Work, Workers, child_process};
use futures_util::TryStreamExt;
use mongodb::{
    Client,
    bson::{Document, doc},
};

use crate::{
    members::Members,
    processes::{CHILD, CHILD_WITH_WRITER},
    support::conversation,
};

/// The number of failovers. `CONVERSATION_TEST_FAILOVERS` sets it for a long run.
fn failovers() -> usize {
    env::var("CONVERSATION_TEST_FAILOVERS").map_or(3, |number| number.parse().unwrap())
}

/// The longest outage that a caller may see: an election, and the time until a paused server is given up.
const MAX_OUTAGE: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_acknowledged_batches_and_halves_none_through_failovers() {
    let Some(mut members) = Members::start().await else { return };
    let address = members.address();
    MongoStore::open(&address).await.unwrap();
    // One of the two calls the store alone, the other one through a writer.
    let mut children = [CHILD, CHILD_WITH_WRITER].into_iter();
    let workers = Workers::start(2, Work::Create, || child_process(children.next().unwrap(), &address)).unwrap();
    let mut all = Vec::new();
    served(&workers, &mut all, Instant::now());
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
        let outage = served(&workers, &mut all, start);
        let servers = servers.await.unwrap();
        println!("{kind}: the servers by themselves {servers:.1?}, served again after {outage:.1?}");
        match kind {
            "killed" => members.run(primary),
            "stepped down" => {}
            _ => members.signal(primary, "-CONT"),
        }
        members.all_well().await;
        served(&workers, &mut all, Instant::now());
    }
    all.extend(workers.finish().unwrap());
    println!("{}", check(&address, &all).await);
}

/// Waits until each worker has an acknowledgement for a batch that it began after `start`. Returns the time until the
/// slowest has.
fn served(workers: &Workers, all: &mut Vec<Batch>, start: Instant) -> Duration {
    let mut acknowledged = [0; 2];
    // Four callers of each worker may first report batches that began before `start`.
    while acknowledged.iter().any(|number| *number <= 4) {
        let one = workers
            .next(MAX_OUTAGE.saturating_sub(start.elapsed()))
            .unwrap_or_else(|| panic!("no acknowledgement within {MAX_OUTAGE:?}, last {:?}", all.last()));
        if one.at > start && one.outcome == BatchOutcome::Acknowledged {
            acknowledged[one.worker] += 1;
        }
        all.push(one);
    }
    start.elapsed()
}

/// Checks that the database has all of each acknowledged batch, and all or nothing of each other. Returns a summary.
async fn check(address: &str, all: &[Batch]) -> String {
    let wrong: Vec<_> = all.iter().filter(|report| matches!(report.outcome, BatchOutcome::Wrong(_))).collect();
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
            assert!(of_owner.insert(version), "version {version} of {owner} was used twice");
            versions.insert((owner.to_owned(), entry.get_str("e_id").unwrap().to_owned()), version);
        }
        let last = u64::try_from(log.get_i64("version").unwrap()).unwrap();
        assert_eq!(of_owner.len() as u64, last, "{owner}: uses every version once");
    }
    let (mut acknowledged, mut unknown, mut stored) = (0, 0, 0);
    for report in all {
        let id = conversation(&report.conversation);
        let found =
            store.list_by_conversation(&id, &Filter::ALL, &PageRequest::first(100)).await.unwrap().conversations;
        let owners: Vec<UserId> = found.into_iter().map(|found| found.key.owner).collect();
        let there =
            report.owners.iter().filter(|(owner, _)| owners.iter().any(|found| found.as_str() == owner)).count();
        let logged = report.owners.iter().filter_map(|(owner, version)| {
            Some((versions.get(&(owner.clone(), report.conversation.clone()))?, version))
        });
        let logged: Vec<_> = logged.collect();
        assert_eq!(there, logged.len(), "rows and logs differ: {report:?}");
        if report.outcome == BatchOutcome::Acknowledged {
            assert_eq!(there, report.owners.len(), "lost: {report:?}");
            assert!(logged.iter().all(|(found, reported)| found == reported), "another version: {report:?}");
            acknowledged += 1;
        } else {
            assert!(there == 0 || there == report.owners.len(), "halved: {report:?}");
            unknown += 1;
            stored += usize::from(there > 0);
        }
    }
    format!("{acknowledged} batches acknowledged, none lost; {unknown} unknown, {stored} of them stored, none halved")
}
