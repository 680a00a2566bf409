//! The use cases of conversation settings: who may do what, and the ports to the host.
//!
//! A [`Service`] stands between a host (an HTTP or gRPC server, or a handler of your own) and a store:
//!
//! ```
//! use std::sync::Arc;
//!
//! use conversation_settings_core::{SetConversationsRequest, UserId};
//! use conversation_settings_service::{Caller, Context, Service};
//! use conversation_settings_store_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = Service::builder(Arc::new(MemoryStore::new())).build();
//! let context = Context::new("op-1", Caller::Admin(UserId::new("imAdmin")?));
//! let request: SetConversationsRequest = serde_json::from_str(
//!     r#"{ "userIDs": ["alice", "bob"], "conversation": {
//!         "conversationID": "sg_team", "conversationType": 3, "groupID": "team", "isPinned": true } }"#,
//! )?;
//! let report = service.set_conversations(&context, request).await?;
//! assert_eq!(report.entries.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! What the host knows and the core does not comes in through ports, each with a ready default: the state of groups
//! ([`GroupDirectory`]), the last message of a conversation ([`Messages`]), what to tell others ([`EventSink`]), and the
//! time ([`Clock`]).
//!
//! Ready to be plugged in are, for events, a log ([`EventLog`]), a channel inside the process ([`EventChannel`]) and
//! several at once ([`EventFanOut`]), and for groups a directory in memory ([`MemoryGroups`]).
//!
//! # Features
//!
//! - `openapi`: what is read and answered implements utoipa's `ToSchema`.

mod arguments;
mod by_user;
mod caller;
mod clock;
mod code;
mod delete;
mod error;
mod events;
mod groups;
mod host;
mod id_hash;
mod in_order;
mod messages;
mod pagination;
mod permission;
mod reads;
mod service;
mod set;
mod sorted;
mod sync;
mod write;

pub use caller::{Caller, Context};
pub use clock::{Clock, SystemClock};
pub use code::Code;
pub use error::ServiceError;
pub use events::{Event, EventChannel, EventFanOut, EventKind, EventLog, EventSink};
pub use groups::{DirectoryError, GroupDirectory, GroupStatus, MemoryGroups};
pub use host::MutingUsers;
pub use messages::{Latest, Messages, MessagesError, MsgInfo};
pub use pagination::Pagination;
pub use reads::OwnerConversations;
pub use service::{Service, ServiceBuilder};
pub use sorted::{ConversationElem, SortedConversations};
pub use sync::{FullConversationIds, IncrementalConversations};
pub use write::Affected;
