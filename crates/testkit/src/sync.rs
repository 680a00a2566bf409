//! Checks that clients which know only the sync protocol end with exactly what the server has.
//!
//! A [`Client`] keeps a copy of one user's conversations. An adapter's tests let clients sync with the store directly:
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
//! sync::clients_match_the_store(store.clone(), 8).await;
//! sync::clients_converge_during_writes(store, 2).await;
//! # }
//! ```
//!
//! A server on a store implements [`Server`], and is checked by [`clients_match`] and [`clients_converge`].

mod client;
mod server;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use conversation_settings_core::{UserId, Version};
use conversation_settings_store::ConversationStore;
use proptest::{collection::vec, prelude::*, strategy::ValueTree};
use tokio::task::JoinSet;

use self::server::StoreServer;
pub use self::{
    client::{Client, SyncError, Synced},
    server::Server,
};
use crate::{
    history::World,
    search::{draw, drop_steps, numbered, runner, shrink},
};

/// How many steps a history has.
const STEPS: std::ops::Range<usize> = 1..48;
/// How many clients an owner has.
const CLIENTS: usize = 2;
/// How many more histories run at most, until every kind of change has occurred.
const MAX_MORE: u32 = 200;

/// One step of a history.
#[derive(Clone, Debug)]
enum Step<W> {
    Write(W),
    /// A client syncs.
    Sync {
        client: usize,
    },
    /// A client loses its copy.
    Forget {
        client: usize,
    },
    /// The store forgets tombstones up to a version.
    Prune {
        owner: usize,
        through: u64,
    },
}

fn step<W: Clone + std::fmt::Debug + 'static>(writes: BoxedStrategy<W>) -> impl Strategy<Value = Step<W>> {
    prop_oneof![
        12 => writes.prop_map(Step::Write),
        10 => any::<u8>().prop_map(|client| Step::Sync { client: client.into() }),
        1 => any::<u8>().prop_map(|client| Step::Forget { client: client.into() }),
        1 => (any::<u8>(), 0..12_u64).prop_map(|(owner, through)| Step::Prune { owner: owner.into(), through }),
    ]
}

/// What has occurred in all histories.
#[derive(Debug, Default)]
struct Occurred {
    inserted: usize,
    updated: usize,
    removed: usize,
    full: usize,
}

impl Occurred {
    /// Whether clients got every kind of change.
    const fn has_all(&self) -> bool {
        self.inserted > 0 && self.updated > 0 && self.removed > 0 && self.full > 0
    }
}

/// [`clients_match`], for clients that sync with `store` directly.
///
/// # Panics
///
/// As [`clients_match`].
pub async fn clients_match_the_store(store: Arc<dyn ConversationStore>, histories: u32) {
    let server = |max_changes: Option<usize>| StoreServer {
        store: store.clone(),
        max_changes: max_changes.unwrap_or(usize::MAX),
    };
    clients_match(server, histories).await;
}

/// [`clients_converge`], for clients that sync with `store` directly.
///
/// # Panics
///
/// As [`clients_converge`].
pub async fn clients_converge_during_writes(store: Arc<dyn ConversationStore>, rounds: u32) {
    clients_converge(StoreServer { store, max_changes: usize::MAX }, rounds).await;
}

/// Plays random histories of writes, with clients that sync in between. After each sync the client's copy is exactly what
/// the server has. Updates and removals name only what the client has, insertions only what it has not, and no sync is
/// full if an increment is possible.
///
/// `server` makes a server whose increments have at most so many changes, if that is limited.
///
/// # Panics
///
/// If that does not hold, with the shortest history found.
pub async fn clients_match<S: Server>(server: impl Fn(Option<usize>) -> S, histories: u32) {
    let mut runner = runner();
    let mut occurred = Occurred::default();
    let mut played = 0;
    while played < histories || !occurred.has_all() && played < histories + MAX_MORE {
        played += 1;
        let limit = prop_oneof![3 => Just(None), 1 => (0..5_usize).prop_map(Some)];
        let tree = draw(&(limit, vec(step(S::writes()), STEPS)), &mut runner);
        let (limit, steps) = tree.current();
        let Err(failure) = play(&server(limit), limit, &steps, &mut occurred).await else { continue };
        let again = async |limit, steps: &[_]| play(&server(limit), limit, steps, &mut Occurred::default()).await;
        let ((limit, steps), failure) = shrink(tree, failure, async |(limit, steps)| again(*limit, steps).await).await;
        let (steps, failure) = drop_steps(steps, failure, async |steps: &[_]| again(limit, steps).await).await;
        let steps = numbered(&steps, |step| format!("{step:?}"));
        panic!("a client and the server differ after a history:{steps}\n{failure}");
    }
    assert!(occurred.has_all(), "some kind of change never occurred: {occurred:?}");
}

/// Plays a history among users of its own.
async fn play<S: Server>(
    server: &S,
    limit: Option<usize>,
    steps: &[Step<S::Write>],
    occurred: &mut Occurred,
) -> Result<(), String> {
    let world = World::new(unique());
    let mut clients = clients(&world);
    // A full sync is allowed at first, and after changes were pruned that the client does not have.
    let mut may_be_full = vec![true; clients.len()];
    for (number, step) in (1..).zip(steps) {
        let failed = |what: String| format!("step {number}: {what}");
        match step {
            Step::Write(write) => server.write(&world, write).await.map_err(failed)?,
            Step::Prune { owner, through } => {
                let (owner, through) = (&world.owners()[owner % world.owners().len()], Version(*through));
                server.prune(owner, through).await.map_err(failed)?;
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
                match client.sync(server).await.map_err(|error| failed(error.to_string()))? {
                    Synced::Full => {
                        occurred.full += 1;
                        if !may_be_full[index] && limit.is_none() {
                            return Err(failed("the sync is full, although an increment is possible".to_owned()));
                        }
                    }
                    Synced::Increment { inserted, updated, removed } => {
                        occurred.inserted += inserted;
                        occurred.updated += updated;
                        occurred.removed += removed;
                    }
                }
                may_be_full[index] = false;
                compare(client, server).await.map_err(failed)?;
            }
        }
    }
    for client in &mut clients {
        client.sync(server).await.map_err(|error| format!("at the end: {error}"))?;
        compare(client, server).await.map_err(|wrong| format!("at the end: {wrong}"))?;
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

/// Whether the copy of a client that has synced is what the server has, while nobody writes.
async fn compare(client: &Client, server: &impl Server) -> Result<(), String> {
    let owner: &UserId = client.owner();
    let copy = client.copy().map_err(|id| format!("{id} is in the snapshot of {owner}, and cannot be read"))?;
    let (copy, stored): (Vec<_>, _) = (copy.cloned().collect(), server.list(owner).await?);
    if copy == stored {
        return Ok(());
    }
    Err(format!("{owner}: the client has {copy:#?}, the server has {stored:#?}"))
}

/// How many tasks write.
const WRITERS: usize = 4;
/// How many writes each of them makes.
const WRITES: usize = 24;
/// After how many syncs a client loses its copy, so that full syncs meet writes, too.
const SYNCS_OF_A_CLIENT: usize = 7;

/// Lets clients sync all the time while others write. No client gets impossible changes, and after the last write each
/// has exactly what the server has.
///
/// Run it in a runtime of several threads, so that syncs and writes meet.
///
/// # Panics
///
/// If that does not hold.
pub async fn clients_converge<S: Server>(server: S, rounds: u32) {
    let mut runner = runner();
    for round in 0..rounds {
        let world = Arc::new(World::new(unique()));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut syncing = JoinSet::new();
        for client in clients(&world) {
            syncing.spawn(keep_in_sync(client, server.clone(), is_over.clone()));
        }
        let mut writing = JoinSet::new();
        for _ in 0..WRITERS {
            let writes = draw(&vec(S::writes(), WRITES), &mut runner).current();
            let (server, world) = (server.clone(), world.clone());
            writing.spawn(async move { write_all(&server, &world, &writes).await });
        }
        while let Some(written) = writing.join_next().await {
            written.expect("a writer does not panic");
        }
        is_over.store(true, Ordering::SeqCst);
        while let Some(synced) = syncing.join_next().await {
            let mut client = synced.expect("a client does not panic").unwrap_or_else(|error| panic!("{error}"));
            let synced = client.sync(&server).await;
            synced.unwrap_or_else(|error| panic!("round {round}, at the end: {error}"));
            compare(&client, &server).await.unwrap_or_else(|wrong| panic!("round {round}, at the end: {wrong}"));
        }
    }
}

async fn write_all<S: Server>(server: &S, world: &World, writes: &[S::Write]) {
    for write in writes {
        server.write(world, write).await.unwrap_or_else(|error| panic!("{write:?} fails: {error}"));
    }
}

/// Syncs until it is over.
async fn keep_in_sync(mut client: Client, server: impl Server, is_over: Arc<AtomicBool>) -> Result<Client, SyncError> {
    let mut syncs = 0;
    while !is_over.load(Ordering::SeqCst) {
        let is_new = client.is_new();
        let version = client.version();
        let synced = client.sync(&server).await?;
        if client.version() < version {
            return Err(SyncError::Wrong(format!(
                "{} went back from {version} to {}",
                client.owner(),
                client.version()
            )));
        }
        if !is_new && matches!(synced, Synced::Full) {
            return Err(SyncError::Wrong(format!(
                "a sync of {} is full, although an increment is possible",
                client.owner()
            )));
        }
        syncs += 1;
        if syncs % SYNCS_OF_A_CLIENT == 0 {
            client = Client::new(client.owner().clone());
        }
        tokio::task::yield_now().await;
    }
    Ok(client)
}
