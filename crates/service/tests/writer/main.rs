//! The writer: what merges, in which order, and who gets which result.

mod conformance;
mod failures;
mod gate;
mod merging;
mod queue;
