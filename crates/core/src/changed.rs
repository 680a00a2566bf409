//! What an update changed, down to the names of the host's own settings.

use crate::{Custom, Field, Mask, Patch};

/// What an update changed: fields, and of the host's own settings the names.
///
/// Small, however many names: each is a bit, by its position in the patch that made the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Changed {
    fields: Mask,
    /// A bit for each name of the patch, in its order, that had its new value already.
    kept_names: u64,
}

const _: () = assert!(Custom::MAX_NAMES <= u64::BITS as usize, "a bit for each name of a patch");

impl Changed {
    /// What `patch` changed of `before`, given the fields that differ now.
    pub(crate) fn by(patch: &Patch, fields: Mask, before: &Custom) -> Self {
        let custom = patch.custom.as_ref().filter(|_| fields.contains(Field::Custom));
        let kept = custom.into_iter().flat_map(|custom| custom.iter().enumerate());
        let kept = kept.filter(|(_, (name, value))| before.get(name) == *value);
        Self { fields, kept_names: kept.fold(0, |bits, (position, _)| bits | bit(position)) }
    }

    /// The fields with a new value.
    #[must_use]
    pub const fn fields(self) -> Mask {
        self.fields
    }

    /// The part of `patch`, which made the change, that had an effect.
    #[must_use]
    pub fn part_of(self, patch: &Patch) -> Patch {
        let mut part = patch.only(self.fields);
        if self.kept_names != 0 {
            part.custom = part.custom.map(|custom| {
                let names = custom.iter().enumerate().filter(|(position, _)| self.has_name(*position));
                names.map(|(_, (name, value))| (name.clone(), value.cloned())).collect()
            });
        }
        part
    }

    const fn has_name(self, position: usize) -> bool {
        self.kept_names & bit(position) == 0
    }
}

/// Zero past the last position: [`decide`](crate::decide) rejects patches of more names.
const fn bit(position: usize) -> u64 {
    if position < Custom::MAX_NAMES { 1 << position } else { 0 }
}

/// These fields, and each name of the patch.
impl From<Mask> for Changed {
    fn from(fields: Mask) -> Self {
        Self { fields, kept_names: 0 }
    }
}

/// This field, and each name of the patch.
impl From<Field> for Changed {
    fn from(field: Field) -> Self {
        Mask::from(field).into()
    }
}
