//! Proves any storage adapter of conversation settings.

pub mod bench;
mod faulty;
#[cfg(feature = "mocks")]
pub mod mocks;

pub use faulty::{Fault, FaultyStore, Plan};
