//! The storage contract of conversation settings.
//!
//! [`ConversationStore`] is what an adapter implements, and its documentation is the contract. Between what an adapter
//! loads and what it stores lies one pure step, [`resolve`]: decisions, versions, tombstones and outcomes, written once
//! for all. How a record looks to a client that synced before is one pure rule too, [`Changes::plan`]. What is left to
//! an adapter is a transaction, a load and a store:
//!
//! ```text
//! begin
//!   loaded   = load the batch's records and its owners' versions      (the engine's own)
//!   resolved = resolve(batch, &loaded, at)?                            (pure, the same for all)
//!   store resolved.records and resolved.versions                      (the engine's own)
//! commit
//! answer resolved.applied
//! ```
//!
//! An adapter does not know which settings there are: it iterates over [`Field::ALL`](conversation_settings_core::Field::ALL),
//! keeps each [`Value`](conversation_settings_core::Value) under [`Field::column`](conversation_settings_core::Field::column), and reads
//! them back by [`Settings::from_values`](conversation_settings_core::Settings::from_values). A setting that did not exist yet
//! when a row was written has its default.
//!
//! Callers find conveniences in [`ConversationStoreExt`].

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
mod store;
mod version;

pub use changes::{Changes, SyncPlan};
pub use decided::{Decided, decide_batch};
pub use error::{BoxError, StoreError};
pub use ext::ConversationStoreExt;
pub use filter::Filter;
pub use lifespan::{Lifespan, ParseLifespanError};
pub use loaded::Loaded;
pub use page::{Page, PageRequest};
pub use record::{Record, State};
pub use resolve::{Applied, RecordWrite, Resolved, resolve};
pub use store::ConversationStore;
pub use version::{LogId, OwnerVersion, ParseLogIdError};
