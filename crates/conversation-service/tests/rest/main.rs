//! Ports that are reached over HTTP, against real servers on loopback.

mod receiver;
mod webhook;
