//! Strategies for property tests: valid values of every type of the core, and values that are invalid in exactly one way.
//!
//! A function without an argument draws values of the [default sizes](Sizes::default). The method of [`Sizes`] with the same
//! name draws values of other sizes. The core accepts every value, except for those of functions that begin with
//! `invalid_`: these come with the error that the core returns.
//!
//! ```
//! use conversation_settings_core::{Limits, SetConversations};
//! use conversation_settings_testkit::{
//!     proptest::prelude::*,
//!     strategies::{Sizes, set_conversations_request, invalid_set_conversations_request},
//! };
//!
//! let many = Sizes { users: (100..=200).into(), ..Sizes::default() };
//! proptest!(|(few in set_conversations_request(), many in many.set_conversations_request())| {
//!     for request in [few, many] {
//!         prop_assert!(SetConversations::parse(request, &Limits::default()).is_ok());
//!     }
//! });
//! proptest!(|(wrong in invalid_set_conversations_request())| {
//!     prop_assert_eq!(SetConversations::parse(wrong.value, &Limits::default()), Err(wrong.error));
//! });
//! ```

#![expect(clippy::missing_panics_doc, reason = "drawn values are valid by construction, so that nothing panics")]

mod ids;
mod invalid;
mod requests;
mod settings;
mod stores;
mod texts;
mod values;
mod writes;

use proptest::collection::SizeRange;

pub use self::{
    ids::{conversation_id, group_id, key, target, user_id},
    invalid::{
        Invalid, invalid_conversation_id, invalid_field_value, invalid_group_id, invalid_mask,
        invalid_set_conversations_request, invalid_target, invalid_user_id, invalid_writes,
    },
    requests::{conversation_req, limits, missing_policy, report, set_conversations, set_conversations_request},
    settings::{conversation, field, field_value, mask, patch, settings},
    stores::{filter, log_id, owner_version},
    texts::text,
    values::{
        OwnedValue, burn_duration, custom_patch, custom_value, group_at_type, kind, owned_value, recv_msg_opt, seconds,
        seq, timestamp, version,
    },
    writes::{change, decision, effect, missing, outcome, write, write_batch},
};

/// The sizes of drawn values.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a test sets one size and takes the others from the default")]
pub struct Sizes {
    /// The length of an ID in characters, at least 1, cut to the maximum in bytes.
    pub id: SizeRange,
    /// The length of a text in characters.
    pub text: SizeRange,
    /// The number of users of a request, at least 1.
    pub users: SizeRange,
    /// The number of writes of a batch.
    pub writes: SizeRange,
}

impl Default for Sizes {
    /// Small, so that failures are readable: IDs of up to 8 characters, texts of up to 16, up to 6 users or writes.
    fn default() -> Self {
        Self { id: (1..=8).into(), text: (0..=16).into(), users: (1..=6).into(), writes: (0..=6).into() }
    }
}

/// Makes the functions without an argument.
macro_rules! of_default_sizes {
    ($( $(#[$doc:meta])* $name:ident: $type:ty; )*) => {
        $(
            $(#[$doc])*
            pub fn $name() -> proptest::strategy::BoxedStrategy<$type> {
                $crate::strategies::Sizes::default().$name()
            }
        )*
    };
}
use of_default_sizes;
