//! Trying again after conflicts, each caller in its turn.

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

/// Those whose first attempt met another writer of the same owners go on one after the other, and wait for that without
/// a connection. So many callers on one owner cost little more than one after the other, and keep nobody else waiting.
///
/// Owners are thrown into a fixed number of lanes. Two that share one wait for each other for nothing, now and then.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lanes: [Mutex<()>; Self::LANES],
    hasher: RandomState,
}

/// Which attempt this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    First,
    /// Others are known to write to the same owners.
    Again,
}

impl Turns {
    const LANES: usize = 32;

    /// Writes to `owners` as `attempt` does, as often as it takes.
    pub(crate) async fn run<'a, T, Owners, Tried>(
        &self,
        owners: impl Fn() -> Owners,
        attempt: impl Fn(Try) -> Tried,
    ) -> Result<T, StoreError>
    where
        Owners: Iterator<Item = &'a UserId>,
        Tried: Future<Output = Result<T, Error>>,
    {
        let mut next = Try::First;
        let attempt = || {
            let this = mem::replace(&mut next, Try::Again);
            let (tried, owners) = (attempt(this), owners());
            async move {
                let _turn = match this {
                    Try::First => Vec::new(),
                    Try::Again => self.wait(owners).await,
                };
                tried.await.map_err(Error::attempt)
            }
        };
        Retry::default().run(sleep, jitter, attempt).await
    }

    /// Waits until nobody else is in the owners' lanes. They are taken in one order, so that nobody waits in a circle.
    async fn wait<'a>(&self, owners: impl Iterator<Item = &'a UserId>) -> Vec<MutexGuard<'_, ()>> {
        let mut is_wanted = [false; Self::LANES];
        for owner in owners {
            is_wanted[self.lane(owner)] = true;
        }
        let mut turn = Vec::new();
        for (lane, _) in self.lanes.iter().zip(is_wanted).filter(|(_, is_wanted)| *is_wanted) {
            turn.push(lane.lock().await);
        }
        turn
    }

    fn lane(&self, owner: &UserId) -> usize {
        usize::try_from(self.hasher.hash_one(owner) % Self::LANES as u64).unwrap_or_default()
    }
}
