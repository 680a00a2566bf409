//! The webhook against real servers on loopback.

mod log;
mod sending;
mod signing;
