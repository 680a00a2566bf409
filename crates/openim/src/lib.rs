//! What the hosts of conversation settings share of OpenIM's protocol.
//!
//! - [`Code`]: the numbers and names of errors.
//! - [`TokenAuthority`]: the tokens that OpenIM's clients carry.
//! - [`id_hash`]: the hash that clients compare their conversation IDs by.
//!
//! # Features
//!
//! - `groups`: [`OpenImGroups`], which asks OpenIM for the status of a group.

mod claims;
mod code;
#[cfg(feature = "groups")]
mod groups;
mod id_hash;
mod jwt;
mod token;
mod token_error;

pub use claims::Claims;
pub use code::Code;
#[cfg(feature = "groups")]
pub use conversation_settings_http_client::Authorities;
#[cfg(feature = "groups")]
pub use groups::{GroupsError, OpenImGroups};
pub use id_hash::{IdHasher, id_hash};
pub use token::TokenAuthority;
pub use token_error::TokenError;
