//! What a store's reads are asked with.

use conversation_settings_store::{Filter, LogId, OwnerVersion};
use proptest::prelude::*;

use super::{Sizes, of_default_sizes, version};

/// The identity of a log, or of none.
pub fn log_id() -> BoxedStrategy<LogId> {
    prop_oneof![1 => Just(LogId::NONE), 4 => any::<[u8; 12]>().prop_map(LogId)].boxed()
}

/// How far a log has come.
pub fn owner_version() -> BoxedStrategy<OwnerVersion> {
    (log_id(), version()).prop_map(|(log, version)| OwnerVersion { log, version }).boxed()
}

of_default_sizes! {
    /// Which conversations a read asks for.
    filter: Filter;
}

impl Sizes {
    /// As [`filter()`].
    pub fn filter(&self) -> BoxedStrategy<Filter> {
        let both = (self.patch(), self.patch()).prop_map(|(is, is_not)| Filter { is, is_not });
        prop_oneof![2 => Just(Filter::ALL), 1 => self.patch().prop_map(Filter::is), 1 => both].boxed()
    }
}
