//! What a worker's process does.

use std::{
    collections::HashMap,
    io::{Read, stdin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use conversation_settings_core::{Patch, UserId, Version};
use conversation_settings_store::ConversationStore;
use tokio::task::{JoinSet, spawn_blocking};

use super::{Batch, BatchOutcome, OWNERS, say};
use crate::{
    fixtures::{AT, key, set_all, user},
    random::random,
};

/// How many calls a worker makes at the same time.
const CALLS: usize = 2;

/// What a worker writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Work {
    /// Each batch creates a conversation of its own.
    Create,
    /// Each batch sets one of three conversations to a value of its own.
    Update,
}

impl Work {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Create, Self::Update].into_iter().find(|work| work.name() == name)
    }

    /// Applies batches until the standard input ends.
    pub(super) async fn run(self, number: usize, store: &Arc<dyn ConversationStore>) {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for call in 0..CALLS {
            let (store, is_over, name) = (store.clone(), is_over.clone(), format!("{number}_{call}"));
            callers.spawn(Caller { store, is_over, work: self, name, seen: HashMap::new() }.run());
        }
        spawn_blocking(|| stdin().read_to_end(&mut Vec::new())).await.expect("does not panic").expect("can be read");
        is_over.store(true, Ordering::Relaxed);
        callers.join_all().await;
    }
}

/// Makes one call after the other.
struct Caller {
    store: Arc<dyn ConversationStore>,
    is_over: Arc<AtomicBool>,
    work: Work,
    name: String,
    /// The highest version of each owner that this caller has seen.
    seen: HashMap<UserId, Version>,
}

impl Caller {
    async fn run(mut self) {
        let mut seed = self.name.bytes().fold(7, |sum: u64, byte| sum * 31 + u64::from(byte));
        for n in 0_u64.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let value = format!("{}_{n}", self.name);
            let conversation = match self.work {
                Work::Create => format!("sg_{value}"),
                Work::Update => format!("sg_{}", random(&mut seed, 3)),
            };
            let mut owners: Vec<_> =
                (0..=random(&mut seed, 4)).map(|_| format!("owner{}", random(&mut seed, OWNERS))).collect();
            owners.sort();
            owners.dedup();
            let (outcome, owners) = self.apply(&owners, &conversation, &value).await;
            say(&Batch::report(&outcome, &value, &conversation, &owners));
        }
    }

    async fn apply(
        &mut self,
        owners: &[String],
        conversation: &str,
        value: &str,
    ) -> (BatchOutcome, Vec<(String, u64)>) {
        let batch = set_all(owners.iter().map(|owner| key(owner, conversation)), &Patch::KEEP.ex(value));
        let applied = self.store.apply(&batch, AT).await;
        let versions: Vec<_> = match &applied {
            Ok(applied) => applied.effects.iter().map(|effect| effect.version.unwrap_or_default()).collect(),
            Err(_) => vec![Version::ZERO; owners.len()],
        };
        let mut outcome = match &applied {
            Ok(applied) if applied.effects.iter().all(|effect| effect.outcome.is_change()) => {
                BatchOutcome::Acknowledged
            }
            // The store retried inside, after an attempt that took effect and whose answer was lost.
            Ok(_) => BatchOutcome::Unknown("no-op".to_owned()),
            Err(error) if error.is_retryable() => BatchOutcome::Unknown(error.to_string()),
            Err(error) => BatchOutcome::Wrong(format!("{error:?}")),
        };
        let mut read: Vec<_> = owners.iter().map(user).zip(versions.iter().copied()).collect();
        if let Ok(version) = self.store.version(&user(&owners[0])).await {
            read.push((user(&owners[0]), version.version));
        }
        for (owner, version) in read {
            let last = self.seen.entry(owner.clone()).or_default();
            if version != Version::ZERO && version < *last {
                outcome = BatchOutcome::Wrong(format!("{owner} went back from {last} to {version}"));
            }
            *last = version.max(*last);
        }
        (outcome, owners.iter().cloned().zip(versions.iter().map(|version| version.0)).collect())
    }
}
