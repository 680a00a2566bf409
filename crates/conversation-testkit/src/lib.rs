//! Proves any storage adapter of conversation settings.
