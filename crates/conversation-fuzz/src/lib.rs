//! Hostile input: what takes the fuzzer's bytes, and what has to hold whatever they are.
//!
//! Each target is a function of bytes that panics where a promise is broken. `fuzz/` hands them to libFuzzer, which
//! needs the nightly toolchain; `tests/regressions.rs` replays what is kept in `seeds/` on stable, each crash that was
//! ever found among it. `docs/testing.md` says how to run it.

mod mask;
mod request;

pub use mask::mask;
pub use request::request;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its folder in `seeds/`.
pub const TARGETS: &[(&str, Target)] = &[("mask", mask), ("request", request)];
