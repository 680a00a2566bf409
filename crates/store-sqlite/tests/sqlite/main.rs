//! What is specific to SQLite: files, durability, group commit. The conformance suite tests the contract.

mod concurrency;
mod durability;
mod files;
mod harness;
mod host_transactions;
mod metrics;
mod sync;
mod upgrade;
