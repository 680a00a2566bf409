//! The use cases by their rules: who may, which group, what is told, what an error is called.

mod errors;
mod events;
mod groups;
mod permissions;
mod reads;
mod setup;
