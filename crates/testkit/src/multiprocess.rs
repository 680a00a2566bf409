//! Child processes that write to one store, and a proof that their batches took effect one after the other.
//!
//! A child is the test program itself. The adapter's tests have one ignored test that opens the store and calls
//! [`run_child`]; [`child_process`] starts it:
//!
//! ```no_run
//! # use conversation_settings_store_memory::MemoryStore;
//! # struct MyStore;
//! # impl MyStore { async fn open(_: &str) -> MemoryStore { MemoryStore::new() } }
//! use conversation_settings_testkit::multiprocess::{self, child_process, run_child};
//!
//! #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
//! #[ignore = "a child process of other tests"]
//! async fn child() {
//!     run_child(async |url| MyStore::open(&url).await).await;
//! }
//!
//! #[tokio::test]
//! async fn processes_write_in_serial_order() {
//!     let url = "mydb://127.0.0.1/test";
//!     let store = MyStore::open(url).await;
//!     let report = multiprocess::write_in_serial_order(&store, || child_process("child", url)).await;
//!     println!("{report}");
//! }
//! ```
//!
//! [`crash`](crate::crash) kills such children.

mod batch;
mod child;
mod serial_order;
mod work;
mod workers;

use std::{env, ffi::OsStr, process::Command, sync::Arc};

use conversation_settings_store::ConversationStore;

pub(crate) use self::child::{Child, say};
pub use self::{
    batch::{Batch, BatchOutcome},
    serial_order::check_serial_order,
    work::Work,
    workers::{Workers, write_in_serial_order},
};
use crate::crash::writers;

/// How many owners all workers share.
pub const OWNERS: u64 = 50;

/// Says where the child's store is.
const LOCATION: &str = "CONVERSATION_CHILD_LOCATION";
/// Says what the child does.
const TASK: &str = "CONVERSATION_CHILD_TASK";

/// What a child does until its parent ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Runs the writers of a [`CrashTest`](crate::crash::CrashTest) until it is killed.
    WriteUntilKilled,
    /// Works as the worker of this number until its standard input ends.
    Work(usize, Work),
}

impl Task {
    fn name(self) -> String {
        match self {
            Self::WriteUntilKilled => "write".to_owned(),
            Self::Work(number, work) => format!("{} {number}", work.name()),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        if name == "write" {
            return Some(Self::WriteUntilKilled);
        }
        let (work, number) = name.split_once(' ')?;
        Some(Self::Work(number.parse().ok()?, Work::parse(work)?))
    }
}

/// The command that runs the ignored test `test` of this test program as a child.
///
/// `test` is the full name of the test that calls [`run_child`]. `location` says where the store is, such as a path or an
/// address; [`run_child`] passes it on.
///
/// # Panics
///
/// If the path of this program is unknown.
#[must_use]
pub fn child_process(test: &str, location: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(LOCATION, location);
    command
}

/// Opens the store at the location that [`child_process`] names, and writes to it as the parent asks.
///
/// Returns immediately if no parent started this process, so that `cargo test -- --ignored` passes.
///
/// # Panics
///
/// If the store fails in a way that the parent does not expect.
pub async fn run_child<S: ConversationStore>(open: impl AsyncFnOnce(String) -> S) {
    let (Ok(location), Ok(task)) = (env::var(LOCATION), env::var(TASK)) else { return };
    let store: Arc<dyn ConversationStore> = Arc::new(open(location).await);
    match Task::parse(&task).expect("the parent names a task") {
        Task::WriteUntilKilled => drop(writers(&store).join_all().await),
        Task::Work(number, work) => work.run(number, &store).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_each_task() {
        for task in [Task::WriteUntilKilled, Task::Work(3, Work::Create), Task::Work(0, Work::Update)] {
            assert_eq!(Task::parse(&task.name()), Some(task));
        }
        assert_eq!(Task::parse("sleep 1"), None);
    }
}
