//! A server that fails under writers that keep running.

use std::{
    fmt,
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

use super::{CrashReport, CrashTest, LONGEST_START, Writer};
use crate::random::random;

/// What [`outlive`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outlived {
    /// The figures. They are clean.
    pub report: CrashReport,
    /// The longest time from the beginning of an outage to the answer to a call under way.
    pub longest: Duration,
}

impl fmt::Display for Outlived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; every call answered within {:.1?}", self.report, self.longest)
    }
}

/// Lets writers use `store`, has `strike` take its server away and `mend` bring it back, and checks the data with the
/// same store: it must recover without being opened again. Repeats all of that `rounds` times.
///
/// # Panics
///
/// If an acknowledged batch is lost, a batch is there by half, nothing was written, or the store fails in a way that is
/// not [retryable](StoreError::is_retryable).
pub async fn outlive(
    store: Arc<dyn ConversationStore>,
    rounds: usize,
    strike: impl AsyncFn(),
    mend: impl AsyncFn(),
) -> Outlived {
    let mut test = CrashTest::default();
    let mut longest = Duration::ZERO;
    for _ in 0..rounds {
        longest = test.outage(&store, strike()).await.expect("the store fails with retryable errors").max(longest);
        mend().await;
        test.check(&*store).await.expect("the store recovers");
    }
    assert!(test.report.is_clean() && test.report.acknowledged > 0, "{test:?}");
    Outlived { report: test.report, longest }
}

/// What the writers share.
struct Writing {
    store: Arc<dyn ConversationStore>,
    has_begun: Notify,
    is_over: AtomicBool,
}

impl CrashTest {
    /// Runs writers in this process, and has `strike` take their server away at a random moment. Three times in four a
    /// batch was acknowledged before. Each writer ends at its first failure, or after the strike.
    ///
    /// Returns the time from the beginning of the strike to the last answer. Call [`check`](Self::check) on the same store
    /// before the next outage.
    ///
    /// # Errors
    ///
    /// A failure that is not [retryable](StoreError::is_retryable): an outage causes no other.
    pub async fn outage(
        &mut self,
        store: &Arc<dyn ConversationStore>,
        strike: impl Future<Output = ()>,
    ) -> Result<Duration, StoreError> {
        let lifetime = self.lifetime();
        let writing = Writing { store: store.clone(), has_begun: Notify::new(), is_over: AtomicBool::new(false) };
        let writing = Arc::new(writing);
        let mut tasks = JoinSet::new();
        for writer in Writer::all() {
            let acknowledged = self.acknowledged.get(&writer.0).copied().unwrap_or_default();
            tasks.spawn(writer.write_until_failure(acknowledged, writing.clone()));
        }
        if random(&mut self.seed, 4) != 0 {
            // If no batch is acknowledged in all that time, the report shows it.
            let _has_begun = timeout(LONGEST_START, writing.has_begun.notified()).await;
        }
        sleep(lifetime).await;
        let struck = Instant::now();
        strike.await;
        writing.is_over.store(true, Ordering::SeqCst);
        for (writer, acknowledged, failure) in tasks.join_all().await {
            let before = self.acknowledged.insert(writer.0, acknowledged).unwrap_or_default();
            self.report.acknowledged += acknowledged - before;
            if let Some(failure) = failure.filter(|failure| !failure.is_retryable()) {
                return Err(failure);
            }
        }
        self.report.crashes += 1;
        Ok(struck.elapsed())
    }
}

impl Writer {
    /// Returns how many batches are acknowledged, and the failure that ended the writer.
    async fn write_until_failure(self, acknowledged: u64, writing: Arc<Writing>) -> (Self, u64, Option<StoreError>) {
        let mut acknowledged = acknowledged;
        while !writing.is_over.load(Ordering::SeqCst) {
            if let Err(failure) = writing.store.apply(&self.batch(acknowledged + 1), Timestamp(0)).await {
                return (self, acknowledged, Some(failure));
            }
            acknowledged += 1;
            writing.has_begun.notify_one();
            // A store in memory never waits, and would keep the other writers from running.
            yield_now().await;
        }
        (self, acknowledged, None)
    }
}

#[cfg(test)]
mod tests {
    use conversation_settings_store_memory::MemoryStore;

    use super::*;
    use crate::{Fault, FaultPlan, FaultyStore};

    #[tokio::test]
    async fn writers_end_with_the_strike_and_keep_their_count() {
        let store: Arc<dyn ConversationStore> = Arc::new(MemoryStore::new());
        let mut test = CrashTest::new(1);
        for round in 1..=3 {
            test.outage(&store, async {}).await.unwrap();
            test.check(&*store).await.unwrap();
            assert_eq!(test.report().crashes, round);
        }
        assert!(test.report().is_clean() && test.report().acknowledged > 0, "{}", test.report());
    }

    #[tokio::test]
    async fn a_writer_continues_after_a_failed_batch_that_took_effect() {
        let faulty = FaultyStore::new(Arc::new(MemoryStore::new())).writes(FaultPlan::script([Fault::FailAfter]));
        let store: Arc<dyn ConversationStore> = Arc::new(faulty);
        let mut test = CrashTest::new(2);
        for _ in 0..2 {
            test.outage(&store, async {}).await.unwrap();
            test.check(&*store).await.unwrap();
        }
        assert!(test.report().is_clean(), "{}", test.report());
        assert_eq!(test.report().unacknowledged, 1);
    }
}
