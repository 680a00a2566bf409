//! A store that fails by a plan.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted, WriteProfile,
};

use crate::random::random;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    None,
    /// The store is unreachable: the call has no effect, and fails with [`StoreError::Unavailable`].
    FailBefore,
    /// The answer is lost: the call takes effect, and fails with [`StoreError::Unavailable`].
    FailAfter,
    /// The call conflicts with others: it has no effect, and fails with [`StoreError::Conflict`].
    Conflict,
    /// The call and its answer are slow: they yield to other tasks.
    Delay {
        /// How often the task yields before the call.
        before: u64,
        /// How often the task yields after the call.
        after: u64,
    },
}

/// Which calls fail, and how.
///
/// ```
/// use conversation_settings_testkit::{Fault, FaultPlan};
///
/// let scripted = FaultPlan::script([Fault::None, Fault::FailAfter]); // The second call fails; the others do not.
/// let seeded = FaultPlan::seeded(7, 3); // One call in three fails; the same calls for the same seed.
/// ```
#[derive(Clone, Debug, Default)]
pub struct FaultPlan(Source);

#[derive(Clone, Debug)]
enum Source {
    Script(VecDeque<Fault>),
    Seeded { state: u64, one_in: u64 },
}

impl Default for Source {
    fn default() -> Self {
        Self::Script(VecDeque::new())
    }
}

impl FaultPlan {
    /// The first call gets the first of `faults`, and so on. Calls after the last fault succeed.
    pub fn script(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self(Source::Script(faults.into_iter().collect()))
    }

    /// Gives about one call in `one_in` a random fault, drawn from `seed`.
    ///
    /// # Panics
    ///
    /// If `one_in` is 0.
    #[must_use]
    pub const fn seeded(seed: u64, one_in: u64) -> Self {
        assert!(one_in > 0, "`one_in` must be positive");
        Self(Source::Seeded { state: seed, one_in })
    }

    fn next(&mut self) -> Fault {
        let (state, one_in) = match &mut self.0 {
            Source::Script(faults) => return faults.pop_front().unwrap_or(Fault::None),
            Source::Seeded { state, one_in } => (state, *one_in),
        };
        if random(state, one_in) > 0 {
            return Fault::None;
        }
        match random(state, 4) {
            0 => Fault::FailBefore,
            1 => Fault::FailAfter,
            2 => Fault::Conflict,
            _ => Fault::Delay { before: random(state, 4), after: random(state, 4) },
        }
    }
}

/// A wrapper around a store that injects faults by a plan.
///
/// ```
/// use std::sync::Arc;
///
/// use conversation_settings_store::ConversationStore;
/// use conversation_settings_store_memory::MemoryStore;
/// use conversation_settings_testkit::{Fault, FaultyStore, FaultPlan};
///
/// let memory = Arc::new(MemoryStore::new());
/// let faulty = FaultyStore::new(memory.clone()).writes(FaultPlan::script([Fault::FailAfter]));
/// // Test with `faulty`, and look into `memory` for what was stored.
/// ```
#[derive(Debug)]
pub struct FaultyStore {
    store: Arc<dyn ConversationStore>,
    plans: Mutex<Plans>,
}

#[derive(Debug, Default)]
struct Plans {
    writes: FaultPlan,
    reads: FaultPlan,
    met: Vec<Fault>,
}

impl FaultyStore {
    /// Wraps `store`, without faults.
    #[must_use]
    pub fn new(store: Arc<dyn ConversationStore>) -> Self {
        Self { store, plans: Mutex::default() }
    }

    /// Injects faults into the writes, `apply` and `prune`, by `plan`.
    #[must_use]
    pub fn writes(self, plan: FaultPlan) -> Self {
        self.plans().writes = plan;
        self
    }

    /// Injects faults into the reads by `plan`.
    #[must_use]
    pub fn reads(self, plan: FaultPlan) -> Self {
        self.plans().reads = plan;
        self
    }

    /// The faults so far, in the order of the calls. A test can check that it met some.
    #[must_use]
    pub fn met(&self) -> Vec<Fault> {
        self.plans().met.clone()
    }

    fn plans(&self) -> MutexGuard<'_, Plans> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let fault = self.plans().next(|plans| &mut plans.writes);
        fault.meet(call).await
    }

    async fn read<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let fault = self.plans().next(|plans| &mut plans.reads);
        fault.meet(call).await
    }
}

impl Plans {
    fn next(&mut self, plan: impl FnOnce(&mut Self) -> &mut FaultPlan) -> Fault {
        let fault = plan(self).next();
        self.met.extend(Some(fault).filter(|fault| *fault != Fault::None));
        fault
    }
}

impl Fault {
    async fn meet<T>(self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let unavailable = |cause: &str| StoreError::Unavailable { store: "faulty", source: cause.into() };
        match self {
            Self::None => call.await,
            Self::FailBefore => Err(unavailable("planned: the call has no effect")),
            Self::FailAfter => {
                let _lost = call.await;
                Err(unavailable("planned: the call takes effect, its answer is lost"))
            }
            Self::Conflict => {
                Err(StoreError::Conflict { store: "faulty", source: "planned: the call conflicts with others".into() })
            }
            Self::Delay { before, after } => {
                yield_times(before).await;
                let answer = call.await;
                yield_times(after).await;
                answer
            }
        }
    }
}

/// Yields so many times: a delay without a clock.
async fn yield_times(mut left: u64) {
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[deny(clippy::missing_trait_methods, reason = "a default method would bypass the plan")]
#[async_trait]
impl ConversationStore for FaultyStore {
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.write(self.store.apply(batch, at)).await
    }

    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError> {
        self.write(self.store.apply_while_wanted(batch, at, wanted)).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError> {
        self.read(self.store.get(keys)).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError> {
        self.read(self.store.list(owner, filter, page)).await
    }

    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        self.read(self.store.list_by_conversation(conversation_id, filter, page)).await
    }

    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        self.read(self.store.count(owner)).await
    }

    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError> {
        self.read(self.store.version(owner)).await
    }

    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError> {
        self.read(self.store.changes(owner, since, limit)).await
    }

    fn write_profile(&self) -> WriteProfile {
        self.store.write_profile()
    }

    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError> {
        self.write(self.store.prune(owner, through)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.read(self.store.ready()).await
    }
}
