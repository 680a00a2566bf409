//! Several worker processes at the same time.

use std::{
    env, fmt, io,
    process::Command,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use conversation_settings_store::ConversationStore;

use super::{Batch, Child, OWNERS, Task, Work, check_serial_order};

/// Running worker processes, and the batches that they report. Dropping it kills them.
#[derive(Debug)]
pub struct Workers {
    children: Vec<Child>,
    batches: Receiver<Batch>,
}

impl Workers {
    /// Starts `count` workers, each by a [`command`](super::child_process) of its own.
    ///
    /// # Errors
    ///
    /// If a process cannot be started.
    pub fn start(count: usize, work: Work, mut command: impl FnMut() -> Command) -> io::Result<Self> {
        let (sender, batches) = mpsc::channel();
        let start = |number| {
            let sender = sender.clone();
            Child::start(&mut command(), Task::Work(number, work), move |report| {
                // The parent may have stopped listening.
                let _sent = sender.send(Batch::parse(number, report));
            })
        };
        Ok(Self { children: (0..count).map(start).collect::<Result<_, _>>()?, batches })
    }

    /// The next batch; `None` if none is reported within `timeout`, or all workers have ended.
    #[must_use]
    pub fn next(&self, timeout: Duration) -> Option<Batch> {
        self.batches.recv_timeout(timeout).ok()
    }

    /// Lets each worker finish its calls under way, and returns the batches not yet taken.
    ///
    /// # Errors
    ///
    /// If a process fails.
    pub fn finish(self) -> io::Result<Vec<Batch>> {
        self.children.into_iter().try_for_each(Child::finish)?;
        Ok(self.batches.into_iter().collect())
    }
}

/// The figures of [`write_in_serial_order`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SerialOrderReport {
    /// How many batches took effect.
    pub batches: usize,
}

impl fmt::Display for SerialOrderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} batches of {PROCESSES} processes on {OWNERS} owners, all in one order", self.batches)
    }
}

const PROCESSES: usize = 4;
/// How many batches, unless [`BATCHES`] says otherwise.
const FEW: usize = 500;
/// Says how many batches to wait for, for a long run.
const BATCHES: &str = "CONVERSATION_TEST_BATCHES";
/// Long enough for a busy machine.
const LONGEST: Duration = Duration::from_mins(2);

/// Lets four processes update the same owners, and checks that their batches took effect [in one
/// order](check_serial_order). 500 batches, or as many as the environment variable `CONVERSATION_TEST_BATCHES` says.
///
/// `store` is a handle on the same data, to which nobody else writes.
///
/// # Panics
///
/// If there is no such order, or a process fails.
pub async fn write_in_serial_order(store: &dyn ConversationStore, command: impl Fn() -> Command) -> SerialOrderReport {
    let count = env::var(BATCHES).map_or(FEW, |number| number.parse().expect("CONVERSATION_TEST_BATCHES is a number"));
    let workers = Workers::start(PROCESSES, Work::Update, command).expect("processes start");
    let next = |n| workers.next(LONGEST).unwrap_or_else(|| panic!("no batch follows the first {n} of {count}"));
    let mut batches: Vec<_> = (0..count).map(next).collect();
    batches.extend(workers.finish().expect("the processes end well"));
    check_serial_order(store, &batches).await;
    SerialOrderReport { batches: batches.len() }
}
