//! Fuzz targets.
//!
//! Each target is a function of bytes that panics if a promise is broken. `fuzz/` runs them with libFuzzer, which needs
//! the nightly toolchain. `tests/regressions.rs` replays `seeds/` on stable, including every crash found so far.
//! `docs/testing.md` says how to run both.

pub mod handler;
mod mask;
mod request;
mod server;
mod token;

pub use handler::handler;
pub use mask::mask;
pub use request::request;
pub use token::token;

/// A function that accepts any bytes.
pub type Target = fn(&[u8]);

/// Every target with its name, which is also the name of its folder in `seeds/`.
pub const TARGETS: &[(&str, Target)] = &[("handler", handler), ("mask", mask), ("request", request), ("token", token)];
