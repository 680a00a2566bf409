//! Proves that a storage adapter keeps the contract of
//! [`ConversationStore`](conversation_settings_store::ConversationStore).
//!
//! An adapter author writes a [`Harness`](conformance::Harness), which makes empty stores, and gets one test for each case
//! of the suite:
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
//! }
//!
//! conversation_settings_testkit::conformance!(Memory);
//! # fn main() {}
//! ```
//!
//! The suite is the beginning. Each of these finds what single calls cannot:
//!
//! | module | finds |
//! |---|---|
//! | [`conformance`](mod@conformance) | broken rules of the contract, case by case |
//! | [`history`] | differences from the [`Model`], in random histories of calls |
//! | [`sync`] | clients that miss a change, also during writes |
//! | [`multiprocess`] | batches of several processes that have no single order |
//! | [`crash`] | acknowledged batches that a killed process or server loses |
//! | [`upgrade`] | data of an older version that this version reads otherwise |
//!
//! [`Proxy`] breaks connections to any TCP server and counts round trips. [`FaultyStore`] injects faults into whatever uses
//! a store. [`strategies`] draws values of every type of the core for property tests.

pub mod conformance;
pub mod crash;
mod faulty;
mod fixtures;
pub mod history;
mod model;
pub mod multiprocess;
mod proxy;
mod random;
mod search;
pub mod strategies;
pub mod sync;
pub mod upgrade;

pub use proptest;

pub use faulty::{Fault, FaultPlan, FaultyStore};
pub use model::Model;
pub use proxy::Proxy;
