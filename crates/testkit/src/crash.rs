//! Kills a process that writes, or the server under it, and checks that every acknowledged batch is there and none by
//! half.
//!
//! [`CrashTest::kill`] kills a [child process](crate::multiprocess) that writes, at a random moment; `tests/kill.rs` of the
//! SQLite adapter is such a test. [`outlive`] takes the server away from writers of this process;
//! `tests/postgres/outages.rs` of the PostgreSQL adapter is such a test. [`CrashTest::check`] then looks into the store.
//!
//! Each writer counts: its n-th batch sets n for all its users in a conversation of its own. The batch also creates a
//! second conversation if n is odd, and removes it if n is even. So the rows alone say which batch was the last and
//! whether it is whole, and a user's version is the sum of the counts of its writers.

mod outage;
mod report;
mod writer;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    io,
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use conversation_settings_core::UserId;
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, StoreError};
use tokio::time::{self, sleep};

pub(crate) use self::writer::writers;
use self::writer::{ACKNOWLEDGED, Writer};
pub use self::{
    outage::{Outlived, outlive},
    report::CrashReport,
};
use crate::{
    multiprocess::{Child, Task},
    random::random,
};

/// The longest time from a process's first acknowledged batch to its end.
const LONGEST_LIFE: Duration = Duration::from_millis(150);
/// The longest time in which a server ends the transactions of a killed process.
const SETTLING: Duration = Duration::from_secs(10);
/// How long a process may take to its first acknowledged batch, on a machine that is very busy.
const LONGEST_START: Duration = Duration::from_mins(1);

/// Crashes under writers of the same data, one after the other, and what each of them left.
#[derive(Debug)]
pub struct CrashTest {
    seed: u64,
    /// How many batches each writer has certainly written.
    acknowledged: BTreeMap<usize, u64>,
    report: CrashReport,
}

impl Default for CrashTest {
    /// Draws other moments in each run.
    fn default() -> Self {
        Self::new(RandomState::new().hash_one(0))
    }
}

impl CrashTest {
    /// Draws the moments of the crashes from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, acknowledged: BTreeMap::new(), report: CrashReport::NONE }
    }

    /// The figures so far.
    #[must_use]
    pub const fn report(&self) -> &CrashReport {
        &self.report
    }

    /// Starts a [child process](crate::multiprocess::child_process) that writes, and kills it at a random moment. Three
    /// times in four the process has acknowledged a batch before.
    ///
    /// # Errors
    ///
    /// If the process cannot be started or killed, or ends by itself.
    pub fn kill(&mut self, command: &mut Command) -> io::Result<()> {
        let lifetime = self.lifetime();
        let (sender, messages) = mpsc::channel();
        let child = Child::start(command, Task::WriteUntilKilled, move |message| {
            // Nobody receives messages after a failure.
            let _sent = sender.send(message.to_owned());
        })?;
        let mut until = Instant::now() + if random(&mut self.seed, 4) == 0 { lifetime } else { LONGEST_START };
        let mut has_begun = false;
        let ended = loop {
            match messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) if self.acknowledge(&message) && !has_begun => {
                    has_begun = true;
                    until = until.min(Instant::now() + lifetime);
                }
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        let status = child.kill()?;
        for message in messages {
            self.acknowledge(&message);
        }
        if ended == mpsc::RecvTimeoutError::Disconnected {
            return Err(io::Error::other(format!("the process ended by itself: {status}")));
        }
        self.report.crashes += 1;
        Ok(())
    }

    fn lifetime(&mut self) -> Duration {
        let longest = u64::try_from(LONGEST_LIFE.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(random(&mut self.seed, longest))
    }

    /// Whether `message` acknowledges a batch.
    fn acknowledge(&mut self, message: &str) -> bool {
        let mut words = message.split(' ');
        let is_acknowledged = words.next() == Some(ACKNOWLEDGED);
        let mut number = || words.next()?.parse::<u64>().ok();
        let (true, Some(writer), Some(n)) = (is_acknowledged, number(), number()) else { return false };
        self.acknowledged.insert(usize::try_from(writer).unwrap_or(usize::MAX), n);
        self.report.acknowledged += 1;
        true
    }

    /// Checks the store, opened again after the crash.
    ///
    /// A server may still work on what the killed process had asked for, so the check repeats for some seconds until the
    /// data is clean. That cannot hide a lost or a half batch: waiting makes neither whole.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub async fn check(&mut self, store: &dyn ConversationStore) -> Result<(), StoreError> {
        let deadline = time::Instant::now() + SETTLING;
        let mut checked = self.checked(store).await?;
        while !checked.report.is_clean() && time::Instant::now() < deadline {
            sleep(Duration::from_millis(200)).await;
            checked = self.checked(store).await?;
        }
        *self = checked;
        Ok(())
    }

    async fn checked(&self, store: &dyn ConversationStore) -> Result<Self, StoreError> {
        let (mut acknowledged, mut report) = (self.acknowledged.clone(), self.report.clone());
        let mut versions = BTreeMap::<UserId, u64>::new();
        for writer in Writer::all() {
            let acknowledged = acknowledged.entry(writer.0).or_default();
            let Some(count) = writer.count(store).await? else {
                report.halved += 1;
                continue;
            };
            report.lost += u64::from(count < *acknowledged);
            // Each writer had one batch under way, which may have taken effect.
            report.unacknowledged += u64::from(count == *acknowledged + 1);
            report.inconsistent += u64::from(count > *acknowledged + 1);
            *acknowledged = count;
            for user in writer.users() {
                *versions.entry(user).or_default() += count;
            }
        }
        for (user, version) in versions {
            report.inconsistent += u64::from(!is_consistent(store, &user, version).await?);
        }
        Ok(Self { seed: self.seed, acknowledged, report })
    }
}

/// Whether the user's version is `version`, and the changes since the beginning are what the pages hold.
async fn is_consistent(store: &dyn ConversationStore, user: &UserId, version: u64) -> Result<bool, StoreError> {
    let listed = store.list_all(user, &Filter::ALL).await?;
    let changes = store.changes(user, &OwnerVersion::default(), 1_000).await?;
    let is_of_version = changes.version().version.0 == version;
    let Changes::Increment { mut inserted, updated, removed, .. } = changes else { return Ok(false) };
    inserted.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    Ok(is_of_version && inserted == listed && updated.is_empty() && removed.is_empty())
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::{ConversationId, Timestamp, WriteBatch};
    use conversation_settings_store_memory::MemoryStore;

    use super::*;

    const SINGLE: Writer = Writer(0);

    /// A store in which every writer has written 2 batches, both acknowledged.
    async fn after_two() -> (MemoryStore, CrashTest) {
        let (store, mut test) = (MemoryStore::new(), CrashTest::new(0));
        for writer in Writer::all() {
            for n in 1..=2 {
                store.apply(&writer.batch(n), Timestamp(0)).await.unwrap();
                assert!(test.acknowledge(&format!("{ACKNOWLEDGED} {} {n}", writer.0)));
            }
        }
        (store, test)
    }

    async fn checked(store: &MemoryStore, mut test: CrashTest) -> [u64; 4] {
        test.check(store).await.unwrap();
        let CrashReport { unacknowledged, lost, halved, inconsistent, .. } = *test.report();
        assert_eq!(test.report().is_clean(), (lost, halved, inconsistent) == (0, 0, 0));
        [unacknowledged, lost, halved, inconsistent]
    }

    #[tokio::test(start_paused = true)]
    async fn accepts_the_acknowledged_batches() {
        let (store, test) = after_two().await;
        assert_eq!(checked(&store, test).await, [0; 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn accepts_one_unacknowledged_batch_and_rejects_two() {
        let (store, test) = after_two().await;
        store.apply(&SINGLE.batch(3), Timestamp(0)).await.unwrap();
        assert_eq!(checked(&store, test).await, [1, 0, 0, 0]);
        let (store, test) = after_two().await;
        for n in 3..=4 {
            store.apply(&SINGLE.batch(n), Timestamp(0)).await.unwrap();
        }
        assert_eq!(checked(&store, test).await, [0, 0, 0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn counts_a_missing_batch_as_lost() {
        let (store, mut test) = after_two().await;
        assert!(test.acknowledge(&format!("{ACKNOWLEDGED} 0 3")));
        assert_eq!(checked(&store, test).await, [0, 1, 0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn counts_a_batch_without_one_write_as_halved() {
        for last in [false, true] {
            let (store, test) = after_two().await;
            let many = Writer::all().last().unwrap();
            let mut writes = many.batch(3).writes().to_vec();
            writes.remove(if last { writes.len() - 1 } else { 0 });
            store.apply(&WriteBatch::new(writes).unwrap(), Timestamp(0)).await.unwrap();
            assert_eq!(checked(&store, test).await[2], 1, "without the last: {last}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn counts_a_version_that_is_not_the_sum_of_the_batches_as_inconsistent() {
        let (store, test) = after_two().await;
        let mut writes = SINGLE.batch(1).writes().to_vec();
        for write in &mut writes {
            write.key.conversation_id = ConversationId::new("sg_more").unwrap();
        }
        writes.truncate(1);
        store.apply(&WriteBatch::new(writes).unwrap(), Timestamp(0)).await.unwrap();
        assert_eq!(checked(&store, test).await, [0, 0, 0, 1]);
    }

    #[test]
    fn ignores_other_messages() {
        let mut test = CrashTest::new(0);
        for message in ["", "test child ... ", ACKNOWLEDGED, "acknowledged 1", "acknowledged x 1"] {
            assert!(!test.acknowledge(message), "{message}");
        }
    }

    #[test]
    fn rejects_a_process_that_ends_by_itself() {
        let error = CrashTest::new(0).kill(Command::new("true").arg("")).unwrap_err();
        assert!(error.to_string().contains("ended by itself"), "{error}");
    }
}
