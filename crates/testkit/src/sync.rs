//! Whether a client that follows the sync protocol, and knows nothing else, ends with exactly what the server holds.
//!
//! [`Client`] is such a client, over the use cases of `conversation-settings-service`. The two functions here let several of them
//! sync over any store:
//!
//! ```
//! use std::sync::Arc;
//!
//! use conversation_settings_store_memory::MemoryStore;
//! use conversation_settings_testkit::sync;
//!
//! # #[tokio::main]
//! # async fn main() {
//! let store = Arc::new(MemoryStore::new());
//! sync::clients_hold_what_the_server_holds(store.clone(), 8).await;
//! sync::clients_that_sync_while_others_write_converge(store, 2).await;
//! # }
//! ```

mod client;
mod step;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use conversation_settings_core::{Conversation, UserId, Version};
use conversation_settings_service::{Context, Service};
use conversation_settings_store::{ConversationStore, Filter};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use tokio::task::JoinSet;

pub use self::client::{Broken, Client, Synced};
use self::step::{Step, World, Writing};

/// How many steps a history has.
const STEPS: std::ops::Range<usize> = 1..48;
/// How many clients an owner has.
const CLIENTS: usize = 2;
/// As many tries as it takes at most to find a shorter history that fails.
const MOST_SHRINKS: usize = 400;

/// What clients have been told in all histories, so that it can be seen that something was.
#[derive(Debug, Default)]
struct Tally {
    inserted: usize,
    updated: usize,
    deleted: usize,
    full: usize,
}

impl Tally {
    /// Whether clients have been told everything that there is to tell.
    const fn has_all(&self) -> bool {
        self.inserted > 0 && self.updated > 0 && self.deleted > 0 && self.full > 0
    }
}

/// Random writes of random owners' conversations, and clients that sync at random times in between: after each sync the
/// client holds exactly what the server holds. It is never told of an update or a deletion of what it does not hold, nor
/// of an insert of what it does, and never to sync in full where an increment would do.
///
/// # Panics
///
/// When that is not so, with the shortest history found in which it is not.
pub async fn clients_hold_what_the_server_holds(store: Arc<dyn ConversationStore>, histories: u32) {
    let mut runner = runner();
    let mut tally = Tally::default();
    let mut played = 0;
    while played < histories || !tally.has_all() && played < histories + MOST_MORE {
        played += 1;
        let limit = prop_oneof![3 => Just(Service::MAX_CHANGES), 1 => 0..5_usize];
        let mut tree = (limit, vec(step::step(), STEPS)).new_tree(&mut runner).expect("can be drawn");
        let (limit, steps) = tree.current();
        let Err(mut failure) = play(&store, limit, &steps, &mut tally).await else { continue };
        let (mut shortest, mut shortest_limit, mut fails) = (steps, limit, true);
        for _ in 0..MOST_SHRINKS {
            if !(if fails { tree.simplify() } else { tree.complicate() }) {
                break;
            }
            let (limit, steps) = tree.current();
            let played = play(&store, limit, &steps, &mut Tally::default()).await;
            fails = played.is_err();
            if let Err(failed) = played {
                (shortest, shortest_limit, failure) = (steps, limit, failed);
            }
        }
        // A step that was needed when it was tried may not be any more, now that the others are simpler.
        let mut at = 0;
        while at < shortest.len() {
            let mut fewer = shortest.clone();
            fewer.remove(at);
            match play(&store, shortest_limit, &fewer, &mut Tally::default()).await {
                Ok(()) => at += 1,
                Err(failed) => (shortest, failure, at) = (fewer, failed, 0),
            }
        }
        let steps = (1..).zip(&shortest).map(|(number, step)| format!("\n{number:3} {step:?}"));
        panic!("a client does not end with what the server holds:{}\n{failure}", steps.collect::<String>());
    }
    assert!(tally.has_all(), "nothing was proved: {tally:?}");
}

/// As many more histories as are played at most where chance has left something out of the first ones.
const MOST_MORE: u32 = 200;

fn runner() -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, ..Config::default() })
}

/// Plays a history among users of its own, and answers with what went wrong.
async fn play(
    store: &Arc<dyn ConversationStore>,
    max_changes: usize,
    steps: &[Step],
    tally: &mut Tally,
) -> Result<(), String> {
    let service = Service::builder(store.clone()).max_changes(max_changes).build();
    let world = World::new(unique());
    let mut clients = clients(&world);
    // Whether a client may be told to sync in full: at first, and where what it has not heard of was forgotten.
    let mut may_be_full = vec![true; clients.len()];
    for (number, step) in (1..).zip(steps) {
        let failed = |what: String| format!("step {number}: {what}");
        match step {
            Step::Write(writing) => {
                writing.run(&service, &world).await.map_err(|error| failed(format!("{error:?}")))?;
            }
            Step::Prune { owner, through } => {
                let (owner, through) = (world.owner(*owner), Version(*through));
                store.prune(owner, through).await.map_err(|error| failed(format!("{error:?}")))?;
                for (client, may_be_full) in clients.iter().zip(&mut may_be_full) {
                    *may_be_full |= client.owner() == owner && client.version() < through;
                }
            }
            Step::Forget { client } => {
                let client = client % clients.len();
                clients[client] = Client::new(clients[client].owner().clone());
                may_be_full[client] = true;
            }
            Step::Sync { client } => {
                let index = client % clients.len();
                let client = &mut clients[index];
                let synced = client.sync(&service).await.map_err(|broken| failed(broken.to_string()))?;
                match synced {
                    Synced::Full => {
                        tally.full += 1;
                        if !may_be_full[index] && max_changes == Service::MAX_CHANGES {
                            return Err(failed("an increment would have done".to_owned()));
                        }
                    }
                    Synced::Increment { inserted, updated, deleted } => {
                        tally.inserted += inserted;
                        tally.updated += updated;
                        tally.deleted += deleted;
                    }
                }
                may_be_full[index] = false;
                compare(client, &service).await.map_err(failed)?;
            }
        }
    }
    for client in &mut clients {
        client.sync(&service).await.map_err(|broken| format!("at the end: {broken}"))?;
        compare(client, &service).await.map_err(|wrong| format!("at the end: {wrong}"))?;
    }
    Ok(())
}

/// Several clients of each owner.
fn clients(world: &World) -> Vec<Client> {
    world.owners().iter().flat_map(|owner| std::iter::repeat_n(owner, CLIENTS).cloned().map(Client::new)).collect()
}

/// A name that no other history has, in this process or another one.
fn unique() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Whether a client that has synced holds what the server holds, while nobody writes.
async fn compare(client: &Client, service: &Service) -> Result<(), String> {
    let owner = client.owner();
    let held: Vec<Conversation> =
        client.held().map_err(|id| format!("{owner} was told of {id}, and cannot read it"))?.cloned().collect();
    let stored = all(service, owner).await?;
    if held == stored { Ok(()) } else { Err(format!("{owner} holds {held:#?}, and the server {stored:#?}")) }
}

async fn all(service: &Service, owner: &UserId) -> Result<Vec<Conversation>, String> {
    let all = service.list_all(&Context::user(owner.clone()), owner, &Filter::ALL).await;
    all.map_err(|error| format!("{error:?}"))
}

/// How many tasks write.
const WRITERS: usize = 4;
/// How many times each writes.
const WRITES: usize = 24;
/// Each client begins anew after so many syncs, so that there are full ones while others write, too.
const SYNCS_OF_A_CLIENT: usize = 7;

/// Clients that sync all the time while others write: none is ever told what cannot be, and when the writers have ended
/// each converges, with no entry missed.
///
/// It takes a runtime of several threads for them to get in each other's way.
///
/// # Panics
///
/// When that is not so.
pub async fn clients_that_sync_while_others_write_converge(store: Arc<dyn ConversationStore>, rounds: u32) {
    let mut runner = runner();
    for round in 0..rounds {
        let service = Service::builder(store.clone()).build();
        let world = Arc::new(World::new(unique()));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut syncing = JoinSet::new();
        for client in clients(&world) {
            syncing.spawn(keep_in_sync(client, service.clone(), is_over.clone()));
        }
        let mut writing = JoinSet::new();
        for _ in 0..WRITERS {
            let writes = vec(step::writing(), WRITES).new_tree(&mut runner).expect("can be drawn").current();
            let (service, world) = (service.clone(), world.clone());
            writing.spawn(async move { write_all(&writes, &service, &world).await });
        }
        while let Some(written) = writing.join_next().await {
            written.expect("a writer does not panic");
        }
        is_over.store(true, Ordering::SeqCst);
        while let Some(synced) = syncing.join_next().await {
            let mut client = synced.expect("a client does not panic").unwrap_or_else(|broken| panic!("{broken}"));
            let synced = client.sync(&service).await;
            synced.unwrap_or_else(|broken| panic!("round {round}, at the end: {broken}"));
            compare(&client, &service).await.unwrap_or_else(|wrong| panic!("round {round}, at the end: {wrong}"));
        }
    }
}

async fn write_all(writes: &[Writing], service: &Service, world: &World) {
    for writing in writes {
        writing.run(service, world).await.unwrap_or_else(|error| panic!("{writing:?} fails: {error:?}"));
    }
}

/// Syncs until it is over.
async fn keep_in_sync(mut client: Client, service: Service, is_over: Arc<AtomicBool>) -> Result<Client, Broken> {
    let mut syncs = 0;
    while !is_over.load(Ordering::SeqCst) {
        let is_new = client.is_new();
        let version = client.version();
        let synced = client.sync(&service).await?;
        if client.version() < version {
            return Err(Broken::Wrong(format!("{} went back to {}", client.owner(), client.version())));
        }
        if !is_new && matches!(synced, Synced::Full) {
            return Err(Broken::Wrong(format!("an increment would have done for {}", client.owner())));
        }
        syncs += 1;
        if syncs % SYNCS_OF_A_CLIENT == 0 {
            client = Client::new(client.owner().clone());
        }
        tokio::task::yield_now().await;
    }
    Ok(client)
}
