//! Stores that commit the batches of two callers together, and mix the callers up.

use std::sync::Mutex;

use async_trait::async_trait;
use conversation_settings_core::{Effect, Timestamp, WriteBatch};
use conversation_settings_store::{Applied, ConversationStore, StoreError};
use conversation_settings_store_memory::MemoryStore;
use tokio::{sync::oneshot, task::yield_now};

use crate::store::Sabotage;

type Answer = Result<Applied, StoreError>;

/// A batch that waits for another one, and its caller.
type Waiting = (WriteBatch, oneshot::Sender<Answer>);

/// Pairs the batches of callers who call at the same time.
#[derive(Debug, Default)]
struct Pairs(Mutex<Option<Waiting>>);

impl Pairs {
    /// The result of `batch`: from its partner, from `together` with a partner that waits, or else alone.
    async fn apply(
        &self,
        store: &MemoryStore,
        batch: &WriteBatch,
        at: Timestamp,
        together: impl AsyncFnOnce(WriteBatch) -> [Answer; 2],
    ) -> Answer {
        let partner = self.0.lock().unwrap().take_if(|(waiting, _)| {
            let waiting_owners: Vec<_> = waiting.owners().collect();
            !batch.owners().any(|owner| waiting_owners.contains(&owner))
        });
        if let Some((waiting, caller)) = partner {
            let [theirs, ours] = together(waiting).await;
            drop(caller.send(theirs));
            return ours;
        }
        let (caller, mut answer) = oneshot::channel();
        let before = self.0.lock().unwrap().replace((batch.clone(), caller));
        if let Some((waiting, caller)) = before {
            drop(caller.send(store.apply(&waiting, at).await));
        }
        for _ in 0..100 {
            if let Ok(answer) = answer.try_recv() {
                return answer;
            }
            yield_now().await;
        }
        let is_alone = self.0.lock().unwrap().take_if(|(waiting, _)| waiting == batch).is_some();
        if is_alone { store.apply(batch, at).await } else { answer.await.unwrap() }
    }
}

/// Gives each of two callers the effects of the other.
#[derive(Debug, Default)]
pub(crate) struct EffectsSwapped(Pairs);

#[async_trait]
impl Sabotage for EffectsSwapped {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let together = async |waiting: WriteBatch| {
            let (theirs, ours) = (store.apply(&waiting, at).await, store.apply(batch, at).await);
            if theirs.is_ok() && ours.is_ok() { [ours, theirs] } else { [theirs, ours] }
        };
        self.0.apply(store, batch, at, together).await
    }
}

/// Repeats both batches when one of them is rejected.
#[derive(Debug, Default)]
pub(crate) struct AppliedTwice(Pairs);

#[async_trait]
impl Sabotage for AppliedTwice {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let together = async |waiting: WriteBatch| {
            let first = [store.apply(&waiting, at).await, store.apply(batch, at).await];
            if first.iter().all(Result::is_ok) {
                return first;
            }
            [store.apply(&waiting, at).await, store.apply(batch, at).await]
        };
        self.0.apply(store, batch, at, together).await
    }
}

/// Rejects both batches when one of them is rejected.
#[derive(Debug, Default)]
pub(crate) struct RejectedWithAnother(Pairs);

#[async_trait]
impl Sabotage for RejectedWithAnother {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let together = async |waiting: WriteBatch| {
            let writes: Vec<_> = waiting.writes().iter().chain(batch.writes()).cloned().collect();
            let merged = WriteBatch::new(writes).unwrap();
            let effects_of = |applied: &Applied, part: &WriteBatch| {
                let effect = |key| applied.effects[merged.position(key).unwrap()];
                let effects: Vec<Effect> = part.writes().iter().map(|write| effect(&write.key)).collect();
                Ok(Applied { effects })
            };
            match store.apply(&merged, at).await {
                Ok(applied) => [effects_of(&applied, &waiting), effects_of(&applied, batch)],
                Err(StoreError::Rejected(rejected)) => {
                    [Err(StoreError::Rejected(rejected.clone())), Err(StoreError::Rejected(rejected))]
                }
                Err(error) => panic!("{error}"),
            }
        };
        self.0.apply(store, batch, at, together).await
    }
}
