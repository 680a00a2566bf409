//! Strategies for property tests: values of every type of the core, and values that are wrong in exactly one way.
//!
//! A function without an argument draws values of the [default sizes](Sizes::default); the method of the same name of
//! [`Sizes`] draws them of others. What is drawn is always right, which means that the core takes it. What begins with
//! `wrong_` is wrong in one way, and comes with the error by which the core names that way.
//!
//! ```
//! use conversation_settings_core::{Limits, SetConversations};
//! use conversation_settings_testkit::{
//!     proptest::prelude::*,
//!     strategies::{Sizes, set_conversations_request, wrong_set_conversations_request},
//! };
//!
//! let many = Sizes { users: (100..=200).into(), ..Sizes::default() };
//! proptest!(|(few in set_conversations_request(), many in many.set_conversations_request())| {
//!     for request in [few, many] {
//!         prop_assert!(SetConversations::parse(request, &Limits::default()).is_ok());
//!     }
//! });
//! proptest!(|(wrong in wrong_set_conversations_request())| {
//!     prop_assert_eq!(SetConversations::parse(wrong.value, &Limits::default()), Err(wrong.way));
//! });
//! ```

#![expect(clippy::missing_panics_doc, reason = "nothing panics: what is drawn is right by construction")]

mod ids;
mod requests;
mod settings;
mod stores;
mod texts;
mod values;
mod writes;
mod wrong;

use proptest::collection::SizeRange;

pub use self::{
    ids::{conversation_id, group_id, key, target, user_id},
    requests::{conversation_req, limits, missing_policy, report, set_conversations, set_conversations_request},
    settings::{conversation, field, field_value, mask, patch, settings},
    stores::{filter, log_id, owner_version},
    texts::text,
    values::{
        OwnedValue, burn_duration, group_at_type, kind, owned_value, recv_msg_opt, seconds, seq, timestamp, version,
    },
    writes::{change, decision, effect, missing, outcome, write, write_batch},
    wrong::{
        Wrong, wrong_conversation_id, wrong_field_value, wrong_group_id, wrong_mask, wrong_set_conversations_request,
        wrong_target, wrong_user_id, wrong_writes,
    },
};

/// How large what is drawn is.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a test sets one size and takes the others from the default")]
pub struct Sizes {
    /// The length of an ID in characters, at least 1; cut to what fits in bytes.
    pub id: SizeRange,
    /// The length of a text in characters.
    pub text: SizeRange,
    /// The number of users of a request, at least 1.
    pub users: SizeRange,
    /// The number of writes of a batch.
    pub writes: SizeRange,
}

impl Default for Sizes {
    /// Small, so that what fails is easy to read: IDs of up to 8 characters, texts of up to 16, up to 6 users or writes.
    fn default() -> Self {
        Self { id: (1..=8).into(), text: (0..=16).into(), users: (1..=6).into(), writes: (0..=6).into() }
    }
}

/// The strategies without an argument: those of the default sizes.
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
