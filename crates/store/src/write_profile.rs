//! What a store says about concurrent batches.

/// How a store handles concurrent batches, for a writer that queues in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteProfile {
    /// Whether one batch of several callers' writes costs less than their batches one by one.
    ///
    /// False if the store shares commits by itself, or if a batch of several owners costs more than several batches, as
    /// on a sharded cluster.
    pub merges: bool,
    /// The number of batches that are best applied at the same time; at least 1.
    pub lanes: usize,
}

impl WriteProfile {
    /// A store whose batches are best merged, in `lanes` transactions at a time.
    #[must_use]
    pub const fn merging(lanes: usize) -> Self {
        Self { merges: true, lanes }
    }

    /// A store whose batches are best applied as they come, `lanes` at a time.
    #[must_use]
    pub const fn separate(lanes: usize) -> Self {
        Self { merges: false, lanes }
    }
}

impl Default for WriteProfile {
    /// Merged, one transaction at a time: with more at a time, each one has fewer writes, and all of them wait for the same
    /// disk.
    fn default() -> Self {
        Self::merging(1)
    }
}
