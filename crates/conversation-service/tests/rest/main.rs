//! Ports that are reached over HTTP, against real servers on loopback.

mod groups;
mod receiver;
mod webhook;
