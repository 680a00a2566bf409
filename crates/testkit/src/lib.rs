//! Proves any storage adapter of conversation settings.

pub mod bench;
pub mod conformance;
mod faulty;
pub mod history;
pub mod kill;
mod make;
#[cfg(feature = "mocks")]
pub mod mocks;
mod model;
mod proxy;
mod random;
pub mod strategies;
#[cfg(feature = "sync")]
pub mod sync;
pub mod upgrade;
pub mod workers;

pub use proptest;

pub use faulty::{Fault, FaultyStore, Plan};
pub use model::Model;
pub use proxy::Proxy;
