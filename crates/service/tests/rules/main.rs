//! The use cases by their rules: who may, which group, what is told, what an error is called.

mod by_user;
mod delete;
mod errors;
mod events;
mod groups;
mod host;
#[path = "../shared/log.rs"]
mod log;
mod pages;
mod permissions;
mod reads;
mod report;
mod setup;
mod sinks;
mod sorted;
mod sync;
