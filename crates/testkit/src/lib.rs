//! Proves any storage adapter of conversation settings.

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
