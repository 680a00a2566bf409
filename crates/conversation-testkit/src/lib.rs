//! Proves any storage adapter of conversation settings.

pub mod bench;
mod faulty;

pub use faulty::{Fault, FaultyStore, Plan};
