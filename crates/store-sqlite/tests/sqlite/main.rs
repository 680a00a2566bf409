//! What is SQLite's own: the file, its durability, commits that are shared. The contract itself is held by the
//! conformance suite.

mod concurrency;
mod durability;
mod files;
mod harness;
mod metrics;
mod sync;
mod values;
