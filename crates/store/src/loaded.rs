//! What an adapter loads before it writes.

use conversation_settings_core::{Version, WriteBatch};

use crate::Record;

/// What a store holds of a batch, aligned with the batch by position.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "an adapter builds it, and must not miss a field")]
pub struct Loaded {
    /// For each of [`WriteBatch::writes`], the record of its key, tombstones too.
    pub records: Vec<Option<Record>>,
    /// For each of [`WriteBatch::owners`], its version; [`Version::ZERO`] if nothing was ever written.
    pub versions: Vec<Version>,
}

impl Loaded {
    /// What an empty store holds of a batch. An engine that returns rows in its own order starts with this and puts
    /// each record at [`WriteBatch::position`].
    #[must_use]
    pub fn empty(batch: &WriteBatch) -> Self {
        Self { records: vec![None; batch.len()], versions: vec![Version::ZERO; batch.owners().count()] }
    }
}
