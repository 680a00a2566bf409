//! Killing a process that writes, and looking whether what it had acknowledged is there.
//!
//! A test of an adapter starts a process that opens the store, runs the [`writers`] on as many tasks, and never ends by
//! itself. [`Kills::kill`] kills it at a random moment, and [`Kills::check`] looks at what is there when the store is
//! opened again. `tests/kill.rs` of the SQLite adapter is such a test. Where the data is a server's, the server may be
//! what is killed: [`Kills::strike`], as in `tests/postgres/outages.rs` of the PostgreSQL adapter.
//!
//! Each writer counts: its n-th batch sets n for all its users, in a conversation of its own, and brings or takes
//! another one, there while n is odd. So after any number of whole batches the rows say which was the last, a batch of
//! which half is there shows, and the version of each user is the sum of the counts of those who write it.

mod outage;
mod writer;

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufRead, BufReader},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use conversation_settings_core::UserId;
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter, OwnerVersion, StoreError};
use tokio::time::{self, sleep};

pub use self::writer::writers;
use self::writer::{ACKNOWLEDGED, Writer};
use crate::random::random;

/// The longest time from a process's first acknowledged batch to its end.
const LONGEST_LIFE: Duration = Duration::from_millis(150);
/// The longest time in which a server ends what a killed process had asked for.
const SETTLING: Duration = Duration::from_secs(10);
/// How long a process may take to its first acknowledged batch, on a machine that is very busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// What has come of killing processes one after the other, all of which wrote to the same data.
#[derive(Debug)]
pub struct Kills {
    seed: u64,
    /// How far each writer has come for certain.
    acknowledged: BTreeMap<usize, u64>,
    tally: Tally,
}

/// The figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Processes killed, or servers struck.
    pub kills: usize,
    /// Batches that were acknowledged.
    pub acknowledged: u64,
    /// Batches that were not acknowledged and are there, whole: the process was killed in between.
    pub unacknowledged: u64,
    /// Writers of whom an acknowledged batch was gone.
    pub lost: u64,
    /// Writers of whom half a batch was there.
    pub halved: u64,
    /// Users whose version, pages or changes did not agree with their rows, and writers that had come further than
    /// they can have.
    pub inconsistent: u64,
}

impl Tally {
    /// Whether all that was acknowledged was there, and nothing by halves.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost == 0 && self.halved == 0 && self.inconsistent == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, acknowledged, unacknowledged, lost, halved, inconsistent } = self;
        write!(f, "{kills} kills, {acknowledged} batches acknowledged, {unacknowledged} more found whole; ")?;
        write!(f, "{lost} lost, {halved} halved, {inconsistent} inconsistent")
    }
}

impl Kills {
    /// None yet; the moments are drawn from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        let tally = Tally { kills: 0, acknowledged: 0, unacknowledged: 0, lost: 0, halved: 0, inconsistent: 0 };
        Self { seed, acknowledged: BTreeMap::new(), tally }
    }

    /// The figures so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Starts `process`, which runs the [`writers`], and kills it at a random moment: soon after it began to
    /// acknowledge, or, one time in four, whatever it has come to.
    ///
    /// # Errors
    ///
    /// When it cannot be started or killed, or ends by itself.
    pub fn kill(&mut self, process: &mut Command) -> io::Result<()> {
        let longest = u64::try_from(LONGEST_LIFE.as_micros()).unwrap_or(u64::MAX);
        let lifetime = Duration::from_micros(random(&mut self.seed, longest));
        let mut child = process.stdout(Stdio::piped()).spawn()?;
        let (heard, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let listening =
            thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| heard.send(line)));

        let mut until = Instant::now() + if random(&mut self.seed, 4) == 0 { lifetime } else { PATIENCE };
        let mut has_begun = false;
        let ended = loop {
            match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if self.hear(&line) && !has_begun => {
                    has_begun = true;
                    until = until.min(Instant::now() + lifetime);
                }
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        child.kill()?;
        let status = child.wait()?;
        for line in lines {
            self.hear(&line);
        }
        let _heard_all = listening.join();
        if ended == mpsc::RecvTimeoutError::Disconnected {
            return Err(io::Error::other(format!("the process ended by itself: {status}")));
        }
        self.tally.kills += 1;
        Ok(())
    }

    /// Whether `line` acknowledges a batch.
    fn hear(&mut self, line: &str) -> bool {
        let mut words = line.split(' ');
        let is_so = words.next() == Some(ACKNOWLEDGED);
        let mut number = || words.next()?.parse::<u64>().ok();
        let (true, Some(writer), Some(n)) = (is_so, number(), number()) else { return false };
        self.acknowledged.insert(usize::try_from(writer).unwrap_or(usize::MAX), n);
        self.tally.acknowledged += 1;
        true
    }

    /// Looks into the store, opened again after a kill.
    ///
    /// A server may still be at what the killed process had asked for, and so what looks amiss is looked at again for
    /// some seconds: of what is lost or half done, that makes nothing whole.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn check(&mut self, store: &dyn ConversationStore) -> Result<(), StoreError> {
        let deadline = time::Instant::now() + SETTLING;
        let mut looked = self.look(store).await?;
        while !looked.tally.is_clean() && time::Instant::now() < deadline {
            sleep(Duration::from_millis(200)).await;
            looked = self.look(store).await?;
        }
        *self = looked;
        Ok(())
    }

    /// The figures with what is there now.
    async fn look(&self, store: &dyn ConversationStore) -> Result<Self, StoreError> {
        let (mut acknowledged, mut tally) = (self.acknowledged.clone(), self.tally.clone());
        let mut versions = BTreeMap::<UserId, u64>::new();
        for writer in Writer::all() {
            let acknowledged = acknowledged.entry(writer.0).or_default();
            let Some(count) = writer.count(store).await? else {
                tally.halved += 1;
                continue;
            };
            tally.lost += u64::from(count < *acknowledged);
            // Each had one batch under way, which may be there.
            tally.unacknowledged += u64::from(count == *acknowledged + 1);
            tally.inconsistent += u64::from(count > *acknowledged + 1);
            *acknowledged = count;
            for user in writer.users() {
                *versions.entry(user).or_default() += count;
            }
        }
        for (user, version) in versions {
            tally.inconsistent += u64::from(!is_consistent(store, &user, version).await?);
        }
        Ok(Self { seed: self.seed, acknowledged, tally })
    }
}

/// Whether the version is the sum of the batches, and a client that begins anew is told what the pages hold.
async fn is_consistent(store: &dyn ConversationStore, user: &UserId, version: u64) -> Result<bool, StoreError> {
    let listed = store.list_all(user, &Filter::ALL).await?;
    let told = store.changes(user, &OwnerVersion::default(), 1_000).await?;
    let is_of_version = told.version().version.0 == version;
    let Changes::Increment { mut inserted, updated, removed, .. } = told else { return Ok(false) };
    inserted.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    Ok(is_of_version && inserted == listed && updated.is_empty() && removed.is_empty())
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::Timestamp;
    use conversation_settings_store_memory::MemoryStore;

    use super::*;

    const SINGLE: Writer = Writer(0);

    /// A store in which every writer has come to 2, as acknowledged.
    async fn at_two() -> (MemoryStore, Kills) {
        let (store, mut kills) = (MemoryStore::new(), Kills::new(0));
        for writer in Writer::all() {
            for n in 1..=2 {
                store.apply(&writer.batch(n), Timestamp(0)).await.unwrap();
                assert!(kills.hear(&format!("{ACKNOWLEDGED} {} {n}", writer.0)));
            }
        }
        (store, kills)
    }

    async fn tally(store: &MemoryStore, mut kills: Kills) -> [u64; 4] {
        kills.check(store).await.unwrap();
        let Tally { unacknowledged, lost, halved, inconsistent, .. } = *kills.tally();
        assert_eq!(kills.tally().is_clean(), (lost, halved, inconsistent) == (0, 0, 0));
        [unacknowledged, lost, halved, inconsistent]
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_as_acknowledged_is_clean() {
        let (store, kills) = at_two().await;
        assert_eq!(tally(&store, kills).await, [0; 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_batch_more_is_clean_and_two_are_not() {
        let (store, kills) = at_two().await;
        store.apply(&SINGLE.batch(3), Timestamp(0)).await.unwrap();
        assert_eq!(tally(&store, kills).await, [1, 0, 0, 0]);
        let (store, kills) = at_two().await;
        for n in 3..=4 {
            store.apply(&SINGLE.batch(n), Timestamp(0)).await.unwrap();
        }
        assert_eq!(tally(&store, kills).await, [0, 0, 0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_is_gone_is_lost() {
        let (store, mut kills) = at_two().await;
        assert!(kills.hear(&format!("{ACKNOWLEDGED} 0 3")));
        assert_eq!(tally(&store, kills).await, [0, 1, 0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_batch_is_halved() {
        for last in [false, true] {
            let (store, kills) = at_two().await;
            let many = Writer::all().last().unwrap();
            let mut writes = many.batch(3).writes().to_vec();
            writes.remove(if last { writes.len() - 1 } else { 0 });
            store.apply(&conversation_settings_core::WriteBatch::new(writes).unwrap(), Timestamp(0)).await.unwrap();
            assert_eq!(tally(&store, kills).await[2], 1, "the last missing: {last}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_that_is_not_the_sum_of_the_batches_is_inconsistent() {
        let (store, kills) = at_two().await;
        let mut writes = SINGLE.batch(1).writes().to_vec();
        for write in &mut writes {
            write.key.conversation_id = conversation_settings_core::ConversationId::new("sg_more").unwrap();
        }
        writes.truncate(1);
        store.apply(&conversation_settings_core::WriteBatch::new(writes).unwrap(), Timestamp(0)).await.unwrap();
        assert_eq!(tally(&store, kills).await, [0, 0, 0, 1]);
    }

    #[test]
    fn other_lines_acknowledge_nothing() {
        let mut kills = Kills::new(0);
        for line in ["", "test writes_until_killed ... ", ACKNOWLEDGED, "acknowledged 1", "acknowledged x 1"] {
            assert!(!kills.hear(line), "{line}");
        }
    }

    #[test]
    fn a_process_that_ends_by_itself_is_no_kill() {
        let error = Kills::new(0).kill(Command::new("true").arg("")).unwrap_err();
        assert!(error.to_string().contains("ended by itself"), "{error}");
    }
}
