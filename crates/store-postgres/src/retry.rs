//! Retries after conflicts, under locks within the process.

use std::{
    hash::{BuildHasher, RandomState},
    mem,
};

use conversation_settings_core::UserId;
use conversation_settings_store::{
    StoreError,
    adapter::{Retry, jitter},
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::sleep,
};

use crate::error::Error;

/// Locks on owners for writers that have met a conflict. They wait here without a connection, one after the other.
///
/// Owners hash to a fixed number of stripes. Two owners of one stripe sometimes wait for each other without need.
#[derive(Debug, Default)]
pub(crate) struct OwnerLocks {
    stripes: [Mutex<()>; Self::STRIPES],
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The first: no lock is taken.
    Optimistic,
    /// After a conflict: the owners' locks are taken.
    Locked,
}

impl OwnerLocks {
    const STRIPES: usize = 32;

    /// Runs `attempt` on `owners` until it succeeds, fails for good, or has had too many conflicts.
    pub(crate) async fn run<'a, T, Owners, Tried>(
        &self,
        owners: impl Fn() -> Owners,
        attempt: impl Fn(Attempt) -> Tried,
    ) -> Result<T, StoreError>
    where
        Owners: Iterator<Item = &'a UserId>,
        Tried: Future<Output = Result<T, Error>>,
    {
        let mut next = Attempt::Optimistic;
        let attempt = || {
            let this = mem::replace(&mut next, Attempt::Locked);
            let (tried, owners) = (attempt(this), owners());
            async move {
                let _locks = match this {
                    Attempt::Optimistic => Vec::new(),
                    Attempt::Locked => self.lock(owners).await,
                };
                tried.await.map_err(Error::attempt)
            }
        };
        Retry::default().run(sleep, jitter, attempt).await
    }

    /// Locks the owners' stripes, in one order for all callers, which prevents deadlocks.
    async fn lock<'a>(&self, owners: impl Iterator<Item = &'a UserId>) -> Vec<MutexGuard<'_, ()>> {
        let mut is_wanted = [false; Self::STRIPES];
        for owner in owners {
            is_wanted[self.stripe(owner)] = true;
        }
        let mut guards = Vec::new();
        for (stripe, _) in self.stripes.iter().zip(is_wanted).filter(|(_, is_wanted)| *is_wanted) {
            guards.push(stripe.lock().await);
        }
        guards
    }

    fn stripe(&self, owner: &UserId) -> usize {
        usize::try_from(self.hasher.hash_one(owner) % Self::STRIPES as u64).unwrap_or_default()
    }
}
