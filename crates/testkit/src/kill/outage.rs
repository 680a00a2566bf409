//! A server that goes away under those who write, who live on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use conversation_settings_core::Timestamp;
use conversation_settings_store::{ConversationStore, StoreError};
use tokio::{
    sync::Notify,
    task::{JoinSet, yield_now},
    time::{Instant, sleep, timeout},
};

use super::{Kills, LONGEST_LIFE, PATIENCE, Writer};
use crate::random::random;

/// What those who write have in common.
struct Writing {
    store: Arc<dyn ConversationStore>,
    has_begun: Notify,
    is_over: AtomicBool,
}

impl Kills {
    /// Runs the [`writers`](super::writers) in this process, and has `strike` take their server from them at a random
    /// moment: soon after it began to acknowledge, or, one time in four, whatever it has come to. Each of them ends at
    /// its first failure, or when the strike is done. Answers with how long after the beginning of the strike the last
    /// of them was answered.
    ///
    /// [`check`](Self::check) has to be called before the next: on the same store, since a server that is there again
    /// has to be enough.
    ///
    /// # Errors
    ///
    /// A failure of the store's that is not [retryable](StoreError::is_retryable): that a server goes away is no more.
    pub async fn strike(
        &mut self,
        store: &Arc<dyn ConversationStore>,
        strike: impl Future<Output = ()>,
    ) -> Result<Duration, StoreError> {
        let longest = u64::try_from(LONGEST_LIFE.as_micros()).unwrap_or(u64::MAX);
        let lifetime = Duration::from_micros(random(&mut self.seed, longest));
        let writing = Writing { store: store.clone(), has_begun: Notify::new(), is_over: AtomicBool::new(false) };
        let writing = Arc::new(writing);
        let mut tasks = JoinSet::new();
        for writer in Writer::all() {
            let held = self.acknowledged.get(&writer.0).copied().unwrap_or_default();
            tasks.spawn(writer.write_until_failure(held, writing.clone()));
        }
        if random(&mut self.seed, 4) != 0 {
            // Where nothing is acknowledged in all that time, the figures show it.
            let _has_begun = timeout(PATIENCE, writing.has_begun.notified()).await;
        }
        sleep(lifetime).await;
        let struck = Instant::now();
        strike.await;
        writing.is_over.store(true, Ordering::SeqCst);
        for (writer, acknowledged, failure) in tasks.join_all().await {
            let before = self.acknowledged.insert(writer.0, acknowledged).unwrap_or_default();
            self.tally.acknowledged += acknowledged - before;
            if let Some(failure) = failure.filter(|failure| !failure.is_retryable()) {
                return Err(failure);
            }
        }
        self.tally.kills += 1;
        Ok(struck.elapsed())
    }
}

impl Writer {
    /// How far it has come for certain, and why not further.
    async fn write_until_failure(self, held: u64, writing: Arc<Writing>) -> (Self, u64, Option<StoreError>) {
        let mut acknowledged = held;
        while !writing.is_over.load(Ordering::SeqCst) {
            if let Err(failure) = writing.store.apply(&self.batch(acknowledged + 1), Timestamp(0)).await {
                return (self, acknowledged, Some(failure));
            }
            acknowledged += 1;
            writing.has_begun.notify_one();
            // A store in memory never waits; the others have their turns all the same.
            yield_now().await;
        }
        (self, acknowledged, None)
    }
}

#[cfg(test)]
mod tests {
    use conversation_settings_store_memory::MemoryStore;

    use super::*;
    use crate::{Fault, FaultyStore, Plan};

    #[tokio::test]
    async fn writers_end_when_the_strike_is_done_and_are_held_to_what_they_were_answered() {
        let store: Arc<dyn ConversationStore> = Arc::new(MemoryStore::new());
        let mut kills = Kills::new(1);
        for round in 1..=3 {
            kills.strike(&store, async {}).await.unwrap();
            kills.check(&*store).await.unwrap();
            assert_eq!(kills.tally().kills, round);
        }
        assert!(kills.tally().is_clean() && kills.tally().acknowledged > 0, "{}", kills.tally());
    }

    #[tokio::test]
    async fn a_batch_that_failed_may_be_there_and_its_writer_goes_on_from_there() {
        let faulty = FaultyStore::new(Arc::new(MemoryStore::new())).writes(Plan::script([Fault::FailAfter]));
        let store: Arc<dyn ConversationStore> = Arc::new(faulty);
        let mut kills = Kills::new(2);
        for _ in 0..2 {
            kills.strike(&store, async {}).await.unwrap();
            kills.check(&*store).await.unwrap();
        }
        assert!(kills.tally().is_clean(), "{}", kills.tally());
        assert_eq!(kills.tally().unacknowledged, 1);
    }
}
