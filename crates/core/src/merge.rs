//! How a setting changes: as a whole, or by merging.

use crate::{Setting, value::sealed};

/// A setting with the changes that a [`Patch`](crate::Patch) can make to it. Sealed.
///
/// Most settings are replaced as a whole, and their change is the new value. [`Custom`](crate::Custom) merges by name.
pub trait Merge: Setting {
    /// What a patch holds.
    type Change: Setting<Raw = Self::Raw>;

    /// The change that sets this value.
    fn to_change(&self) -> Self::Change;

    /// Makes `change`, and returns whether the value differs now.
    fn change(&mut self, change: &Self::Change) -> bool;

    /// The change that makes `earlier` and then `later`.
    #[must_use]
    fn then(earlier: Self::Change, later: Self::Change) -> Self::Change;

    /// The smallest change that turns this value into another, `to`.
    fn between(&self, to: &Self) -> Self::Change;
}

/// What a [`Patch`](crate::Patch) holds of a setting of type `T`.
pub type ChangeOf<T> = <T as Merge>::Change;

/// A setting that is replaced as a whole.
pub trait Replaced: Setting + sealed::Sealed {}

impl<T: Replaced> Merge for T {
    type Change = Self;

    fn to_change(&self) -> Self {
        self.clone()
    }

    fn change(&mut self, change: &Self) -> bool {
        let differs = self != change;
        if differs {
            self.clone_from(change);
        }
        differs
    }

    fn then(_: Self, later: Self) -> Self {
        later
    }

    fn between(&self, to: &Self) -> Self {
        to.clone()
    }
}
