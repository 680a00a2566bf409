//! Merges batches into one, and splits the effects back per batch.

use conversation_settings_core::{Effect, WriteBatch};

/// One batch with the writes of all of `batches`, which have no owner in common.
pub(super) fn merge<'a>(batches: impl IntoIterator<Item = &'a WriteBatch>) -> WriteBatch {
    let writes = batches.into_iter().flat_map(WriteBatch::writes).cloned().collect();
    WriteBatch::new(writes).expect("batches of different owners have no key in common")
}

/// The effects of `part`, from those of a batch that [`merge`] made of it and others; `None` when they are incomplete.
pub(super) fn part_of(merged: &WriteBatch, effects: &[Effect], part: &WriteBatch) -> Option<Vec<Effect>> {
    let effect = |write: &conversation_settings_core::Write| effects.get(merged.position(&write.key)?).copied();
    part.writes().iter().map(effect).collect()
}
