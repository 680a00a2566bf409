//! The use cases and their rules: permissions, groups, reports, events, errors.

mod admin;
mod authorize;
mod custom;
mod dispatch;
mod errors;
mod events;
mod groups;
mod lists;
#[path = "../shared/log.rs"]
mod log;
mod partial;
mod permissions;
mod preview;
mod reads;
mod remove;
mod set_ex_for_peers;
mod setup;
mod sinks;
mod sorted_list;
mod sync;
mod typed;
