//! Hostile input: what takes the fuzzer's bytes, and what has to hold whatever they are.
//!
//! Each target is a function of bytes that panics where a promise is broken. `fuzz/` hands them to libFuzzer, which
//! needs the nightly toolchain; `tests/regressions.rs` replays what is kept in `seeds/` on stable, each crash that was
//! ever found among it. `docs/testing.md` says how to run it.

pub mod handler;
mod mask;
mod request;
mod server;
mod token;

pub use handler::handler;
pub use mask::mask;
pub use request::request;
pub use token::token;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its folder in `seeds/`.
pub const TARGETS: &[(&str, Target)] = &[("handler", handler), ("mask", mask), ("request", request), ("token", token)];
