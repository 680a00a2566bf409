//! Ports that are reached over HTTP, against real servers on loopback.

mod groups;
#[path = "../shared/log.rs"]
mod log;
mod receiver;
mod tls;
mod webhook;
