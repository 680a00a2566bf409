//! The conformance suite: one test a rule of the storage contract, for any adapter.
//!
//! An adapter's author writes a [`Harness`] and names it to [`conformance!`](crate::conformance!), which makes a `#[test]`
//! of each case, named for what it proves:
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
//! The tests bring their own runtime, run side by side, and each has a store of its own. What a harness cannot do, such
//! as opening the data again, it leaves to its default; the cases that need it then say `skipped: …` on the standard
//! error. Where the macro is of no use, [`run_all`] runs the same cases one after the other.

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
    /// What it proves; the name of its test.
    pub name: &'static str,
    /// The rule of the contract that it holds an adapter to.
    pub rule: &'static str,
}

/// Runs one case, in a runtime of its own.
///
/// # Errors
///
/// [`Skipped`], where the harness cannot do what the case needs. That is told on the standard error too.
///
/// # Panics
///
/// When the store breaks the rule; when there is no case of that name; and when the harness has no store to offer where
/// the environment variable `CI` says that there has to be one.
pub fn run<H: Harness>(harness: &H, name: &str) -> Result<(), Skipped> {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let result = runtime.block_on(cases::run(harness, name));
    if let Err(skipped) = &result {
        assert!(
            !skipped.is_store() || std::env::var_os("CI").is_none(),
            "{name}: {skipped}, and in CI that is no excuse"
        );
        // Past the capture of tests, so that it is seen; and if nobody hears it, the case is skipped all the same.
        let _heard = io::stderr().write_fmt(format_args!("skipped: {name}: {skipped}\n"));
    }
    result
}

/// The threads of a case's runtime: more than one processor's worth, so that what races does.
const WORKERS: usize = 4;

/// Runs all cases one after the other, and answers with those that were skipped.
///
/// # Panics
///
/// When the store breaks a rule: then with the names of all cases that failed, the reasons standing above.
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
