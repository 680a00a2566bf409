//! The webhook against real servers on loopback.

mod log;
mod outages;
mod sending;
mod signing;
