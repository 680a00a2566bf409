//! Proves any storage adapter of conversation settings.

pub mod bench;
mod faulty;
pub mod kill;
#[cfg(feature = "mocks")]
pub mod mocks;
mod random;
pub mod strategies;

pub use proptest;

pub use faulty::{Fault, FaultyStore, Plan};
