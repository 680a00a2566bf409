//! The conversation settings of a chat server: model, validation and decisions, all pure.
//!
//! A [`Conversation`] is one user's own view of a chat: muted or not, pinned, burn after reading, an extension blob.
//! Its [`Settings`] are set selectively by a [`Patch`]; a [`Mask`] names a set of their [`Field`]s. The request
//! `set_conversations` sets them for many users at once:
//!
//! ```
//! use conversation_settings_core::{ConversationReq, Limits, IfMissing, SetConversations, SetConversationsRequest};
//!
//! let json = r#"{ "userIDs": ["alice", "bob"], "conversation": {
//!     "conversationID": "sg_team", "conversationType": 3, "groupID": "team", "isPinned": true } }"#;
//! let request: SetConversationsRequest = serde_json::from_str(json)?;
//! let checked = SetConversations::parse(request, &Limits::default())?; // valid from here on
//! let batch = checked.plan(IfMissing::Create); // every conversation to write, each once
//! assert_eq!(batch.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A store loads the conversations of a batch, [`decide`] decides about each, and the store keeps the result. The crate
//! has no I/O, no clock and no randomness, and needs `alloc` alone.
//!
//! # Adding a setting
//!
//! One line in the table in `settings.rs`. From it come the struct, its default, the patch, the [`Field`], the mask, the
//! names on the wire and in a column, and what a client may send. No adapter and no host names a setting.

#![no_std]

extern crate alloc;

mod args;
mod changed;
mod conversation;
mod creation;
mod custom;
mod decide;
mod id;
mod limits;
mod mask;
mod merge;
mod patch_reader;
mod plan;
mod quoted;
mod report;
mod set_conversations;
mod setting_types;
#[macro_use]
mod table;
mod settings;
mod text;
mod value;
mod value_reader;
mod write;

pub use args::{ArgsError, Path, Violation};
pub use changed::Changed;
pub use conversation::{Conversation, Key, Target, TargetError, Timestamp, Version};
pub use custom::{Custom, CustomError, CustomName, CustomPatch, CustomText, CustomValue};
pub use decide::{Decision, Effect, Outcome, Rejected, decide, decide_follower};
pub use id::{ConversationId, GroupId, IdError, UserId};
pub use limits::Limits;
pub use mask::{Mask, UnknownField};
pub use merge::{ChangeOf, Merge, Replaced};
pub use plan::IfMissing;
pub use quoted::Quoted;
pub use report::{PrivateChat, Report, ReportEntry, Role};
pub use set_conversations::{SetConversations, SetConversationsBuilder, SetConversationsRequest};
pub use setting_types::{BurnDuration, GroupAtType, RecvMsgOpt, Seconds, Seq};
pub use settings::{ConversationReq, Field, FieldError, Patch, Settings};
pub use text::Text;
pub use value::{Accepts, Kind, Primitive, Setting, Value, ValueError};
pub use write::{Change, DuplicateKey, Missing, Write, WriteBatch};
