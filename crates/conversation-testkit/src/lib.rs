//! Proves any storage adapter of conversation settings.

pub mod bench;
