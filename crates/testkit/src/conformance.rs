//! The conformance suite: tests of each rule of the storage contract, for any adapter.
//!
//! Write a [`Harness`] and pass it to [`conformance!`](crate::conformance!), which makes a `#[test]` of each case:
//!
//! ```
//! use conversation_settings_store_memory::MemoryStore;
//! use conversation_settings_testkit::conformance::Harness;
//!
//! struct Memory;
//!
//! impl Harness for Memory {
//!     type Guard = ();
//!     type Store = MemoryStore;
//!
//!     async fn fresh(&self) -> Option<((), MemoryStore)> {
//!         Some(((), MemoryStore::new()))
//!     }
//!
//!     async fn another_handle(&self, (): &(), store: &MemoryStore) -> Option<MemoryStore> {
//!         Some(store.clone())
//!     }
//! }
//!
//! conversation_settings_testkit::conformance!(Memory);
//! # fn main() {}
//! ```
//!
//! Each test has its own runtime and its own store, and tests run at the same time. An ability that the harness lacks, such
//! as opening the data again, keeps its default; cases that need it print `skipped: …` on the standard error. Without the
//! macro, [`run_all`] runs the same cases one after the other.

mod cases;
mod fixture;
mod harness;

use std::{
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::runtime;

pub use self::{
    cases::CASES,
    fixture::{Fixture, Skipped},
    harness::Harness,
};

/// One case of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// The name of its test, which says what the case proves.
    pub name: &'static str,
    /// The rule of the contract that the case proves.
    pub rule: &'static str,
}

/// Runs one case in its own runtime.
///
/// # Errors
///
/// [`Skipped`], if the harness lacks an ability that the case needs. The standard error says so, too.
///
/// # Panics
///
/// If the store breaks the rule, no case has that name, or the harness has no store while the environment variable `CI` is
/// set.
pub fn run<H: Harness>(harness: &H, name: &str) -> Result<(), Skipped> {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let result = runtime.block_on(cases::run(harness, name));
    if let Err(skipped) = &result {
        assert!(!skipped.is_store() || std::env::var_os("CI").is_none(), "{name}: {skipped}, which CI does not accept");
        // Unlike `eprintln`, this is not captured by the test runner. A failure to print changes nothing.
        let _printed = io::stderr().write_fmt(format_args!("skipped: {name}: {skipped}\n"));
    }
    result
}

/// The threads of a case's runtime. There are several, so that calls race.
const WORKERS: usize = 4;

/// Runs all cases one after the other, and returns those that were skipped.
///
/// # Panics
///
/// If a case fails. The message names all that failed, after their own messages.
pub fn run_all<H: Harness>(harness: &H) -> Vec<(Case, Skipped)> {
    let mut skipped = Vec::new();
    let mut failed = Vec::new();
    for case in CASES {
        match catch_unwind(AssertUnwindSafe(|| run(harness, case.name))) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => skipped.push((*case, reason)),
            Err(_) => failed.push(case.name),
        }
    }
    assert!(failed.is_empty(), "{} of {} cases failed: {}", failed.len(), CASES.len(), failed.join(", "));
    skipped
}
