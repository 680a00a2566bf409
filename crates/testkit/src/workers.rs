//! Several processes at once on the same owners.
//!
//! A test of an adapter starts [`Worker`]s: processes that open the store and run [`work`]. They apply batches until they
//! are told to [finish](Worker::finish), and tell of each what came of it. In the end [`one_after_the_other`] finds the
//! order in which the batches may have been applied, and holds the store to it. `tests/postgres/processes.rs` of the
//! PostgreSQL adapter is such a test.

mod calls;
mod order;

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::Sender,
    thread,
    time::Instant,
};

pub use self::{calls::work, order::one_after_the_other};

/// How many owners all workers share.
pub const OWNERS: u64 = 50;
/// Tells a worker's process its number and its work.
const TASK: &str = "CONVERSATION_WORKER_TASK";
/// What a line of the standard output begins with that tells of a batch.
const TOLD: &str = "told ";

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Each batch creates a conversation of its own.
    Create,
    /// Each batch sets one of three conversations to a value of its own.
    Update,
}

/// A batch as a worker tells of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Told {
    /// When it was told.
    pub at: Instant,
    /// The worker's number.
    pub worker: usize,
    /// What came of it.
    pub what: What,
    /// The value that no other batch sets.
    pub value: String,
    /// The conversation, the same for all its owners.
    pub conversation: String,
    /// Its owners, with the versions that it made.
    pub owners: Vec<(String, u64)>,
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was answered.
    Acknowledged,
    /// An error that says to try again; it may have taken place or not.
    Unknown(String),
    /// What must not happen.
    Wrong(String),
}

/// A worker's process; it ends when this is dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts `process`, which opens the store and [works](work); what it tells goes to `told`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(number: usize, work: Work, process: &mut Command, told: Sender<Told>) -> io::Result<Self> {
        let piped = process.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.env(TASK, format!("{number} {work:?}")).spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let reader = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix(TOLD) {
                    // Nobody may be interested any more.
                    let _heard = told.send(Told::parse(number, line));
                }
            }
        });
        Ok(Self { input: child.stdin.take(), child, reader: Some(reader) })
    }

    /// Lets the worker finish what it is at, and waits for all that it has to tell.
    ///
    /// # Errors
    ///
    /// When the process fails.
    pub fn finish(mut self) -> io::Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        let has_told_all = self.reader.take().is_some_and(|reader| reader.join().is_ok());
        if status.success() && has_told_all { Ok(()) } else { Err(io::Error::other(format!("a worker: {status}"))) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.reader.is_some() {
            // It may have ended by itself.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

impl Told {
    /// The line without its beginning, for [`Told::parse`].
    fn line(what: &What, value: &str, conversation: &str, owners: &[(String, u64)]) -> String {
        let (what, error) = match what {
            What::Acknowledged => ("acknowledged", ""),
            What::Unknown(error) => ("unknown", &**error),
            What::Wrong(error) => ("wrong", &**error),
        };
        let owners: Vec<_> = owners.iter().map(|(owner, version)| format!("{owner}={version}")).collect();
        format!("{what} {value} {conversation} {} {}", owners.join(","), error.replace('\n', " "))
    }

    fn parse(worker: usize, line: &str) -> Self {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (what, value, conversation, owners, error) = (word(), word(), word(), word(), word());
        let owner = |owner: &str| {
            let (owner, version) = owner.split_once('=')?;
            Some((owner.to_owned(), version.parse().ok()?))
        };
        let what = match &*what {
            "acknowledged" => What::Acknowledged,
            "unknown" => What::Unknown(error),
            _ => What::Wrong(error),
        };
        Self {
            at: Instant::now(),
            worker,
            what,
            value,
            conversation,
            owners: owners.split(',').filter_map(owner).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard() {
        let owners = [("owner1".to_owned(), 7), ("owner2".to_owned(), 9)];
        for what in [What::Acknowledged, What::Unknown("a b".to_owned()), What::Wrong("c".to_owned())] {
            let told = Told::parse(3, &Told::line(&what, "0_1_2", "sg_1", &owners));
            assert_eq!((told.worker, told.what, &*told.value, &*told.conversation), (3, what, "0_1_2", "sg_1"));
            assert_eq!(told.owners, owners);
        }
    }
}
