//! The use cases of conversation settings: who may do what, and the ports to the host.
//!
//! A [`Service`] stands between a host (an HTTP or gRPC server, or a handler of your own) and a store:
//!
//! ```
//! use conversation_settings_core::{ConversationId, GroupId, Patch, SetConversations, UserId};
//! use conversation_settings_service::{Context, Service};
//! use conversation_settings_store_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Service::builder(MemoryStore::new()).build();
//! let (alice, bob, team) = (UserId::new("alice")?, UserId::new("bob")?, GroupId::new("team")?);
//!
//! let pin = SetConversations::group(&team).users([&alice, &bob]).patch(Patch::KEEP.is_pinned(true)).build()?;
//! let report = settings.set(&Context::admin(UserId::new("ops")?), pin).await?;
//! assert_eq!(report.changed().count(), 2);
//!
//! let seen = settings.get(&Context::user(alice.clone()), &alice, &ConversationId::group(&team)).await?;
//! assert!(seen.is_some_and(|conversation| conversation.settings.is_pinned));
//! # Ok(())
//! # }
//! ```
//!
//! Every method takes a [`Context`], which names the caller, and values that are already checked. A write returns a
//! [`Report`](conversation_settings_core::Report). Users may read and set their own conversations; administrators may do
//! so for any user, and alone make the calls that serve the host, such as
//! [`create_single_chat`](Service::create_single_chat).
//!
//! # Ports
//!
//! The host plugs in what it knows and this crate does not. Each port is optional: who may do what ([`Authorize`], by
//! default [`OwnerOrAdmin`]), the state of groups ([`GroupDirectory`]), the latest message of a conversation ([`Messages`]), a receiver of changes ([`EventSink`]), and
//! the time ([`Clock`]).
//!
//! Ready sinks are a log ([`EventLog`]) and a channel inside the process ([`EventChannel`]); a ready directory is
//! [`MemoryGroups`].
//!
//! # Writing
//!
//! All writes go through one [`Writer`]: calls that wait share a transaction, and an owner's events keep the order of the
//! owner's versions. A writer is a store itself, and works without the service.

mod admin;
mod clock;
mod context;
mod conversation_pages;
mod custom;
mod error;
mod events;
mod groups;
mod messages;
pub mod metrics;
mod permission;
mod planned;
mod reads;
mod remove;
mod service;
mod set_conversations;
mod set_ex_for_peers;
mod sorted_list;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod write;
mod writer;

pub use admin::MutingUsers;
pub use clock::{Clock, SystemClock};
pub use context::{Caller, Context};
pub use conversation_pages::ConversationPages;
pub use custom::{CustomSetting, CustomSettingError, CustomSettings};
pub use error::ServiceError;
pub use events::{Event, EventChannel, EventKind, EventLog, EventSink, MAX_EVENTS};
pub use groups::{DirectoryError, GroupDirectory, GroupStatus, MemoryGroups};
pub use messages::{Latest, Message, Messages, MessagesError};
pub use permission::{Action, Authorize, AuthorizeError, OwnerOrAdmin};
pub use planned::{Planned, Uncommitted};
pub use reads::ConversationRange;
pub use service::{Service, ServiceBuilder};
pub use sorted_list::{SortedEntry, SortedList};
pub use sync::Snapshot;
pub use writer::{Writer, WriterOptions};
