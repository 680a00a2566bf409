//! The figures of a crash test.

use std::fmt;

/// The figures of a [`CrashTest`](super::CrashTest).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrashReport {
    /// How many crashes: killed processes, or outages of the server.
    pub crashes: usize,
    /// How many batches were acknowledged.
    pub acknowledged: u64,
    /// How many batches were not acknowledged and took effect as a whole.
    pub unacknowledged: u64,
    /// How many writers have lost an acknowledged batch.
    pub lost: u64,
    /// How many writers have half a batch in the store.
    pub halved: u64,
    /// How many users have a version, pages or changes that contradict their rows, plus how many writers have more
    /// batches in the store than they have sent.
    pub inconsistent: u64,
}

impl CrashReport {
    pub(super) const NONE: Self =
        Self { crashes: 0, acknowledged: 0, unacknowledged: 0, lost: 0, halved: 0, inconsistent: 0 };

    /// Whether nothing is lost, halved or inconsistent.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost == 0 && self.halved == 0 && self.inconsistent == 0
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { crashes, acknowledged, unacknowledged, lost, halved, inconsistent } = self;
        write!(f, "{crashes} crashes, {acknowledged} batches acknowledged, {unacknowledged} more found whole; ")?;
        write!(f, "{lost} lost, {halved} halved, {inconsistent} inconsistent")
    }
}
