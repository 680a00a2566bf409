//! Which batches wait, which may start, and which start together.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use conversation_settings_core::{UserId, WriteBatch};
use conversation_settings_store::WriteProfile;
use tokio::time::Instant;

use super::WriterOptions;

/// A batch in the queue, with what its caller waits for.
#[derive(Debug)]
pub(super) struct Job<T> {
    ticket: u64,
    pub(super) batch: Arc<WriteBatch>,
    pub(super) call: T,
}

/// Jobs that start together. No two of them have an owner in common, nor with any other run.
#[derive(Debug)]
pub(super) struct Run<T> {
    is_large: bool,
    pub(super) jobs: Vec<Job<T>>,
}

impl<T> Run<T> {
    /// The ticket of its first job, which no other run has.
    pub(super) fn ticket(&self) -> u64 {
        self.jobs[0].ticket
    }
}

/// Batches that wait or run, first in, first out for each owner.
///
/// Each owner has a line of tickets. A batch is ready when it is first in the lines of all its owners. All lines are
/// entered at once, so batches cannot wait for each other in a circle, and ready batches have no owner in common.
#[derive(Debug)]
pub(super) struct Queue<T> {
    profile: WriteProfile,
    options: WriterOptions,
    next_ticket: u64,
    lines: HashMap<UserId, VecDeque<u64>>,
    blocked: HashMap<u64, Blocked<T>>,
    small: Ready<T>,
    large: Ready<T>,
    waiting_writes: usize,
}

#[derive(Debug)]
struct Blocked<T> {
    job: Job<T>,
    /// Owners in whose line another ticket is first.
    lines: usize,
}

/// The most slow runs that others overtake.
const MAX_SLOW_RUNS: usize = 8;

/// Ready batches of one size, and the runs of that size that go on.
#[derive(Debug)]
struct Ready<T> {
    jobs: VecDeque<Job<T>>,
    /// When each run started, by its ticket.
    runs: BTreeMap<u64, Instant>,
    /// The most runs at a time.
    lanes: usize,
    /// A run that takes longer leaves its lane to others.
    slow_after: Option<Duration>,
}

impl<T> Ready<T> {
    fn new(lanes: usize, slow_after: Option<Duration>) -> Self {
        Self { jobs: VecDeque::new(), runs: BTreeMap::new(), lanes, slow_after }
    }

    fn next(&mut self) -> Option<Job<T>> {
        if self.runs.len() < self.lanes.saturating_add(self.slow_runs()) { self.jobs.pop_front() } else { None }
    }

    /// How many runs others may overtake.
    fn slow_runs(&self) -> usize {
        let Some(slow_after) = self.slow_after.filter(|_| self.runs.len() >= self.lanes) else { return 0 };
        let now = Instant::now();
        let slow = self.runs.values().filter(|started| now.duration_since(**started) >= slow_after);
        slow.count().min(MAX_SLOW_RUNS)
    }
}

impl<T> Queue<T> {
    pub(super) fn new(profile: WriteProfile, options: WriterOptions) -> Self {
        Self {
            next_ticket: 0,
            lines: HashMap::new(),
            blocked: HashMap::new(),
            small: Ready::new(profile.lanes.max(1), Some(options.slow_after)),
            // Two large batches at once would only make both slower, and small ones wait for both.
            large: Ready::new(1, None),
            waiting_writes: 0,
            profile,
            options,
        }
    }

    /// Adds a batch.
    ///
    /// # Errors
    ///
    /// `call`, when the queue is full. A queue without a waiting write is never full.
    pub(super) fn push(&mut self, batch: Arc<WriteBatch>, call: T) -> Result<(), T> {
        if self.waiting_writes > 0 && self.waiting_writes + batch.len() > self.options.max_waiting_writes {
            return Err(call);
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting_writes += batch.len();
        let mut lines = 0;
        for owner in batch.owners() {
            let line = self.lines.entry(owner.clone()).or_default();
            lines += usize::from(!line.is_empty());
            line.push_back(ticket);
        }
        let job = Job { ticket, batch, call };
        if lines == 0 {
            self.make_ready(job);
        } else {
            self.blocked.insert(ticket, Blocked { job, lines });
        }
        Ok(())
    }

    /// What starts now; `None` when nothing is ready or no lane is free. Jobs that `is_wanted` rejects are dropped.
    ///
    /// `fits` says whether a job may join the run that another one opens.
    pub(super) fn start(&mut self, is_wanted: impl Fn(&T) -> bool, fits: impl Fn(&T, &T) -> bool) -> Option<Run<T>> {
        let first = loop {
            let job = self.small.next().or_else(|| self.large.next())?;
            self.waiting_writes -= job.batch.len();
            if is_wanted(&job.call) {
                break job;
            }
            self.release(&job);
        };
        let is_large = self.is_large(&first.batch);
        let mut run = Run { is_large, jobs: vec![first] };
        if !is_large && self.profile.merges {
            self.join(&mut run, is_wanted, fits);
        }
        self.lane(is_large).runs.insert(run.ticket(), Instant::now());
        Some(run)
    }

    /// Adds ready jobs to a run, up to the bound.
    fn join(&mut self, run: &mut Run<T>, is_wanted: impl Fn(&T) -> bool, fits: impl Fn(&T, &T) -> bool) {
        let mut writes = run.jobs[0].batch.len();
        while let Some(next) = self.small.jobs.front() {
            let is_full = writes + next.batch.len() > self.options.max_merged_writes;
            if is_full || !fits(&run.jobs[0].call, &next.call) {
                break;
            }
            let Some(job) = self.small.jobs.pop_front() else { break };
            self.waiting_writes -= job.batch.len();
            if is_wanted(&job.call) {
                writes += job.batch.len();
                run.jobs.push(job);
            } else {
                self.release(&job);
            }
        }
    }

    /// Ends a run, and gives back its calls in order.
    pub(super) fn finish(&mut self, run: Run<T>) -> impl Iterator<Item = T> + use<T> {
        self.lane(run.is_large).runs.remove(&run.ticket());
        for job in &run.jobs {
            self.release(job);
        }
        run.jobs.into_iter().map(|job| job.call)
    }

    /// Takes a job that was first in all its lines out of them, and makes ready what follows.
    fn release(&mut self, job: &Job<T>) {
        for owner in job.batch.owners() {
            let Some(line) = self.lines.get_mut(owner) else { continue };
            let first = line.pop_front();
            debug_assert_eq!(first, Some(job.ticket), "a job that starts is first in its lines");
            match line.front().copied() {
                None => drop(self.lines.remove(owner)),
                Some(next) => self.unblock(next),
            }
        }
    }

    fn unblock(&mut self, ticket: u64) {
        let Some(blocked) = self.blocked.get_mut(&ticket) else { return };
        blocked.lines -= 1;
        if blocked.lines == 0 {
            if let Some(Blocked { job, .. }) = self.blocked.remove(&ticket) {
                self.make_ready(job);
            }
        }
    }

    fn make_ready(&mut self, job: Job<T>) {
        let is_large = self.is_large(&job.batch);
        self.lane(is_large).jobs.push_back(job);
    }

    fn is_large(&self, batch: &WriteBatch) -> bool {
        batch.len() > self.options.large_batch
    }

    fn lane(&mut self, is_large: bool) -> &mut Ready<T> {
        if is_large { &mut self.large } else { &mut self.small }
    }

    pub(super) fn waiting_writes(&self) -> usize {
        self.waiting_writes
    }
}
