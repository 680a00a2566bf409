//! The storage contract of conversation settings.
//!
//! An adapter implements [`ConversationStore`], whose documentation is the contract. Between load and store lies one pure
//! step, the same for all adapters: [`resolve`] computes outcomes, versions and tombstones. The sync rule is pure too:
//! [`Changes::plan`] and [`Changes::from_records`]. An adapter adds a transaction, a load and a store:
//!
//! ```text
//! begin
//!   loaded   = load the batch's records and its owners' versions      (the engine's own)
//!   resolved = resolve(batch, &loaded, at)?                            (pure, the same for all)
//!   store resolved.records and resolved.owners                        (the engine's own)
//! commit
//! return resolved.applied
//! ```
//!
//! [`resolve`] is two steps in one call. [`decide_batch`] needs the conversations alone, which is enough for a preview or
//! to recognise a no-op; [`Decided::stamp`] adds versions and lifespans.
//!
//! An adapter names no setting. It iterates over [`Field::ALL`], keeps each [`Value`] under [`Field::column`], and reads
//! them back with [`Settings::from_values`]. A setting that is newer than a row has its default there.
//!
//! Callers find conveniences in [`ConversationStoreExt`].
//!
//! # Features
//!
//! - `adapter`: the module `adapter` with retries and jitter, and `LogId::random`.
//! - `metrics`: the module `metrics` with a store that measures another one.
//!
//! [`Field::ALL`]: conversation_settings_core::Field::ALL
//! [`Field::column`]: conversation_settings_core::Field::column
//! [`Settings::from_values`]: conversation_settings_core::Settings::from_values
//! [`Value`]: conversation_settings_core::Value

#[cfg(feature = "adapter")]
pub mod adapter;
mod arc;
mod changes;
mod decided;
mod error;
mod ext;
mod filter;
mod lifespan;
mod loaded;
#[cfg(feature = "metrics")]
pub mod metrics;
mod page;
mod record;
mod resolve;
mod stamp;
mod store;
mod version;
mod wanted;
mod write_profile;

pub use changes::{Changes, SyncPlan};
pub use decided::{Decided, decide_batch};
pub use error::{BoxError, StoreError};
pub use ext::ConversationStoreExt;
pub use filter::Filter;
pub use lifespan::{Lifespan, ParseLifespanError};
pub use loaded::Loaded;
pub use page::{Page, PageRequest};
pub use record::{Record, State};
pub use resolve::{Applied, OwnerWrite, RecordWrite, Resolved, resolve};
pub use store::ConversationStore;
pub use version::{LogId, OwnerVersion, ParseLogIdError};
pub use wanted::{Waiter, Wanted};
pub use write_profile::WriteProfile;
