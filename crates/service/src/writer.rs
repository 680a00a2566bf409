//! Queues the batches of concurrent callers, and merges waiting ones into one transaction.

mod call;
mod driver;
mod merge;
mod options;
mod queue;
mod run;

use std::{
    collections::HashMap,
    fmt,
    future::{Future, poll_fn},
    iter, mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Waiter, Wanted,
    WriteProfile,
};
use tokio::{
    sync::oneshot::{self, Receiver, error::RecvError},
    time::timeout,
};
use tracing::{Instrument, Span};

use crate::{Clock, SystemClock};

use call::{AfterCommit, Call, CreatedAt, Settled};
use driver::Driver;

pub(crate) use call::WriteError;
use queue::{Queue, Run};

pub use options::WriterOptions;

const NAME: &str = "writer";

/// Lets calls share transactions: a store in front of another store.
///
/// A batch starts at once if no batch of its owners runs and a lane for one more transaction is free. Batches that wait
/// meanwhile are merged, up to a bound, into one batch when a lane becomes free; each caller receives the effects of its
/// own writes. So one transaction and one commit serve many callers, on every engine.
///
/// - At most one batch of an owner runs at a time, in the order of the calls. An owner's versions come out in that order.
/// - If a merged batch fails, its parts run one by one: no call fails because of another. Only
///   [`StoreError::Unavailable`] is every part's error: what is stored is unknown then, and safe to repeat.
/// - A batch whose caller is dropped before it starts is dropped, and nothing of it is written. That includes the time in
///   which it waits in the store, for example for a lock. A batch that has started runs to its end.
/// - Large batches run alone, one at a time; small ones do not wait behind them, nor behind a transaction that is
///   [slow](WriterOptions::slow_after). A full queue rejects a batch with
///   [`StoreError::Unavailable`] before anything is written.
/// - A panic of the store is the error of the call whose batch caused it: [`StoreError::Unavailable`], since what is
///   stored is unknown.
///
/// Several writers, in one process or in many, may share an engine: the store keeps its contract, and a writer only saves
/// transactions. Reads go to the store directly.
///
/// A clone is another handle on the same queue.
#[derive(Clone)]
pub struct Writer {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn ConversationStore>,
    clock: Arc<dyn Clock>,
    merges: bool,
    slow_after: Duration,
    state: Mutex<State>,
}

struct State {
    queue: Queue<Call>,
    /// Those that callers poll, by the ticket of their first run.
    drivers: HashMap<u64, Driver>,
}

/// A driver that its caller polls. A task takes over when the caller is dropped.
struct Polled(Driver);

impl Writer {
    /// A writer to `store`.
    pub fn new(store: impl ConversationStore, options: WriterOptions) -> Self {
        Self::with_clock(Arc::new(store), Arc::new(SystemClock), options)
    }

    pub(crate) fn with_clock(store: Arc<dyn ConversationStore>, clock: Arc<dyn Clock>, options: WriterOptions) -> Self {
        let (profile, slow_after) = (store.write_profile(), options.slow_after);
        let state = Mutex::new(State { queue: Queue::new(profile, options), drivers: HashMap::new() });
        Self { inner: Arc::new(Inner { store, clock, merges: profile.merges, slow_after, state }) }
    }

    /// How many writes wait for their transaction to start.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.state().queue.waiting_writes()
    }

    /// Applies `batch`; what it creates has the time at which its transaction starts. `after_commit` runs once the batch
    /// is stored and before another batch of the same owners starts, even if the caller is dropped meanwhile.
    pub(crate) async fn submit(
        &self,
        batch: Arc<WriteBatch>,
        after_commit: impl FnOnce(&Applied) + Send + 'static,
    ) -> Result<Applied, WriteError> {
        let waiter = Waiter::new();
        self.enqueue(batch, CreatedAt::Start, waiter.wanted(), Some(Box::new(after_commit))).await
    }

    async fn enqueue(
        &self,
        batch: Arc<WriteBatch>,
        at: CreatedAt,
        wanted: Wanted,
        after_commit: Option<AfterCommit>,
    ) -> Result<Applied, WriteError> {
        let (reply, settled) = oneshot::channel();
        let call = Call { at, wanted, after_commit, reply, settled: None };
        let settled = match self.inner.push(batch, call)? {
            Some(driver) => Polled(driver).until(settled).await,
            None => self.inner.wait(settled).await,
        };
        settled.unwrap_or(Err(WriteError::Stopped))
    }
}

impl Inner {
    /// Adds a batch. Returns what its caller is to poll if the batch starts at once and nobody else waits.
    fn push(self: &Arc<Self>, batch: Arc<WriteBatch>, call: Call) -> Result<Option<Driver>, WriteError> {
        let mut state = self.state();
        let is_first = state.queue.waiting_writes() == 0;
        state.queue.push(batch, call).map_err(|_| WriteError::Full)?;
        if is_first {
            if let Some(run) = state.start() {
                let ticket = run.ticket();
                let driver = Driver::new(Arc::clone(self).drive(run, ticket));
                state.drivers.insert(ticket, driver.clone());
                return Ok(Some(driver));
            }
        }
        // This caller waits for others, who may never poll again.
        let drivers = mem::take(&mut state.drivers);
        drop(state);
        drivers.values().for_each(Driver::hand_over);
        self.start_all();
        Ok(None)
    }

    /// Waits for a result that another caller's run brings. Starts what waits while a run is slow.
    async fn wait(self: &Arc<Self>, mut settled: Receiver<Settled>) -> Result<Settled, RecvError> {
        if !self.merges {
            return settled.await;
        }
        loop {
            match timeout(self.slow_after, &mut settled).await {
                Ok(settled) => return settled,
                Err(_) => self.start_all(),
            }
        }
    }

    /// Starts whatever can start now.
    fn start_all(self: &Arc<Self>) {
        let runs: Vec<_> = {
            let mut state = self.state();
            iter::from_fn(|| state.start()).collect()
        };
        for run in runs {
            let ticket = run.ticket();
            tokio::spawn(Arc::clone(self).drive(run, ticket).instrument(Span::none()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The queue does not panic half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start(&mut self) -> Option<Run<Call>> {
        self.queue.start(Call::is_wanted, |first, next| first.at == next.at)
    }
}

impl Polled {
    /// Polls the driver until the caller's own result is there.
    async fn until(self, settled: Receiver<Settled>) -> Result<Settled, RecvError> {
        let mut settled = pin!(settled);
        poll_fn(|context| {
            // The result comes from this poll, or from the task that took over.
            let _ended = self.0.poll(context);
            settled.as_mut().poll(context)
        })
        .await
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.0.hand_over();
    }
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper forwards every method")]
#[async_trait]
impl ConversationStore for Writer {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        let waiter = Waiter::new();
        self.apply_while_wanted(batch, at, &waiter.wanted()).await
    }

    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        Ok(self.enqueue(Arc::new(batch.clone()), CreatedAt::At(at), wanted.clone(), None).await?)
    }

    fn write_profile(&self) -> WriteProfile {
        self.inner.store.write_profile()
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.inner.store.get(keys).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.inner.store.list(owner, filter, page).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.inner.store.list_by_conversation(conversation_id, filter, page).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.inner.store.count(owner).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.inner.store.version(owner).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.inner.store.changes(owner, since, limit).await
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.inner.store.prune(owner, through).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.store.ready().await
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
