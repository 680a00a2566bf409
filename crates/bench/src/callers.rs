//! Concurrent callers of the service, beside callers of the store alone and of code written by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, SetConversations, Target, Timestamp, UserId, Write,
    WriteBatch,
};
use conversation_settings_service::{Context, Service};
use conversation_settings_store::ConversationStore;
use tokio::{runtime::Runtime, task::JoinSet, time::Instant};

use crate::{is_asked_for, median, ratio, timed};

const GROUP: &str = "team";

/// A way to pin one conversation for some users.
pub trait Side: Send + Sync + 'static {
    /// A call, made up before the clock starts.
    type Call: Send + Sync + 'static;

    /// A call that pins or unpins the group conversation `id` for `owners`, who are in the order of their IDs.
    fn call(&self, owners: &[UserId], id: &ConversationId, is_pinned: bool) -> Self::Call;

    /// Makes the call, and panics unless it succeeds.
    fn make(&self, call: &Self::Call) -> impl Future<Output = ()> + Send;
}

impl Side for Service {
    type Call = SetConversations;

    fn call(&self, owners: &[UserId], id: &ConversationId, is_pinned: bool) -> Self::Call {
        let target = Target::Group(GroupId::new(GROUP).unwrap());
        let set = SetConversations::conversation(id.clone(), target).users(owners);
        set.patch(Patch::KEEP.is_pinned(is_pinned)).build().unwrap()
    }

    async fn make(&self, call: &Self::Call) {
        let context = Context::admin(UserId::new("imAdmin").unwrap());
        self.set(&context, call.clone()).await.unwrap();
    }
}

impl Side for Arc<dyn ConversationStore> {
    type Call = WriteBatch;

    fn call(&self, owners: &[UserId], id: &ConversationId, is_pinned: bool) -> Self::Call {
        let missing = Missing::Create(Target::Group(GroupId::new(GROUP).unwrap()));
        let change = Arc::new(Change::Set { patch: Patch::KEEP.is_pinned(is_pinned), missing });
        let write = |owner: &UserId| Write { key: Key::new(owner.clone(), id.clone()), change: Arc::clone(&change) };
        WriteBatch::new(owners.iter().map(write).collect()).unwrap()
    }

    async fn make(&self, call: &Self::Call) {
        self.apply(call, Timestamp(0)).await.unwrap();
    }
}

/// One engine, with two stores of equal contents.
#[derive(Debug)]
pub struct Callers<'a, H> {
    engine: &'static str,
    runtime: &'a Runtime,
    store: Arc<Arc<dyn ConversationStore>>,
    service: Arc<Service>,
    by_hand: Arc<H>,
    calls: usize,
}

impl<'a, H: Side> Callers<'a, H> {
    /// Compares a service over `store` with `by_hand`, which writes to another database of the engine. Each caller makes
    /// `calls` calls, an even number, in a round.
    pub fn new(
        engine: &'static str,
        runtime: &'a Runtime,
        store: impl ConversationStore,
        by_hand: Arc<H>,
        calls: usize,
    ) -> Self {
        let store: Arc<dyn ConversationStore> = Arc::new(store);
        let service = Service::builder(Arc::clone(&store)).build();
        Self { engine, runtime, store: Arc::new(store), service: Arc::new(service), by_hand, calls }
    }

    /// Callers of one user each, on owners of their own.
    pub fn concurrent(&self, callers: usize, rounds: usize) {
        self.ratio(&format!("{}_concurrent_{callers}", self.engine), callers, callers, rounds);
    }

    /// Callers of the store alone, without the writer.
    pub fn of_the_store(&self, callers: usize, rounds: usize) {
        let mut ours = self.round(&self.store, callers, callers);
        let mut by_hand = self.round(&self.by_hand, callers, callers);
        ratio(&format!("{}_callers_{callers}", self.engine), rounds, &mut ours, &mut by_hand);
    }

    /// More callers than owners: each caller sets a conversation of its own.
    pub fn on_few_owners(&self, rounds: usize) {
        self.ratio(&format!("{}_64_callers_4_owners", self.engine), 64, 4, rounds);
    }

    /// One caller of the service, beside one caller of the store alone.
    pub fn one(&self, rounds: usize) {
        let name = format!("{}_one_caller", self.engine);
        let mut ours = self.round(&self.service, 1, 1);
        let mut alone = self.round(&self.store, 1, 1);
        ratio(&name, rounds, &mut ours, &mut alone);
    }

    /// The 99th percentile of 63 small callers' calls while one caller sets 10,000 users, beside that without the large
    /// one; for the service and, to compare, by hand.
    pub fn beside_large(&self, rounds: usize) {
        let name = format!("{}_p99_beside_large", self.engine);
        self.beside(&name, &self.service, rounds);
        self.beside(&format!("{name}_by_hand"), &self.by_hand, rounds);
    }

    fn beside<S: Side>(&self, name: &str, side: &Arc<S>, rounds: usize) {
        const OWNERS: usize = 10_000;
        if !is_asked_for(name) {
            return;
        }
        let many: Vec<_> = (0..OWNERS).map(|n| owner("large", n)).collect();
        let large = Arc::new([true, false].map(|is_pinned| side.call(&many, &conversation(0), is_pinned)));
        self.runtime.block_on(side.make(&large[1]));
        let small = calls(&**side, 63, 63);
        let without = || self.percentile(side, &small);
        let beside = || {
            let done = Arc::new(AtomicBool::new(false));
            let (side_of_large, large, is_done) = (Arc::clone(side), Arc::clone(&large), Arc::clone(&done));
            let running = self.runtime.spawn(async move {
                for call in large.iter().cycle() {
                    side_of_large.make(call).await;
                    if is_done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            let percentile = self.percentile(side, &small);
            done.store(true, Ordering::Relaxed);
            self.runtime.block_on(running).unwrap();
            percentile
        };
        ratio(name, rounds, beside, without);
    }

    fn ratio(&self, name: &str, callers: usize, owners: usize, rounds: usize) {
        let mut ours = self.round(&self.service, callers, owners);
        let mut by_hand = self.round(&self.by_hand, callers, owners);
        ratio(name, rounds, &mut ours, &mut by_hand);
    }

    /// A function that lets all callers make their calls at the same time.
    fn round<'b, S: Side>(&'b self, side: &'b Arc<S>, callers: usize, owners: usize) -> impl FnMut() -> Duration + 'b {
        let calls = calls(&**side, callers, owners);
        move || timed(|| drop(self.latencies(side, &calls)))
    }

    fn percentile<S: Side>(&self, side: &Arc<S>, calls: &[Arc<[S::Call; 2]>]) -> Duration {
        let mut latencies = self.latencies(side, calls);
        latencies.sort_unstable();
        // The median of the slowest 2 % is the 99th percentile.
        median(latencies.split_off(latencies.len() - latencies.len() / 50))
    }

    /// How long each call takes.
    fn latencies<S: Side>(&self, side: &Arc<S>, calls: &[Arc<[S::Call; 2]>]) -> Vec<Duration> {
        let callers = calls.iter().map(|calls| {
            let (side, calls, count) = (Arc::clone(side), Arc::clone(calls), self.calls);
            async move {
                let mut latencies = Vec::with_capacity(count);
                for call in calls.iter().cycle().take(count) {
                    let start = Instant::now();
                    side.make(call).await;
                    latencies.push(start.elapsed());
                }
                latencies
            }
        });
        self.runtime.block_on(async { callers.collect::<JoinSet<_>>().join_all().await }).concat()
    }
}

/// Two calls of each caller, which undo each other, so that every call changes something.
fn calls<S: Side>(side: &S, callers: usize, owners: usize) -> Vec<Arc<[S::Call; 2]>> {
    let call = |caller: usize| {
        let owner = [owner("small", caller % owners)];
        let id = conversation(caller / owners);
        Arc::new([true, false].map(|is_pinned| side.call(&owner, &id, is_pinned)))
    };
    (0..callers).map(call).collect()
}

fn owner(name: &str, n: usize) -> UserId {
    UserId::new(format!("{name}_{n:07}").as_str()).unwrap()
}

fn conversation(n: usize) -> ConversationId {
    ConversationId::new(format!("sg_{n}").as_str()).unwrap()
}
