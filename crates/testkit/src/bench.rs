//! Measuring against a limit: the cost of ours as a ratio to the cost of the least that is right by hand.
//!
//! Machines are noisy and drift, so both sides run in turn, in one process, and their medians are compared.

use std::time::{Duration, Instant};

/// Measures `ours` against `limit`, prints `ratio NAME VALUE`, and answers with the value; where the command asks for
/// others, as `cargo bench … -- noop single` does by parts of names, it does nothing and answers with `None`.
///
/// Each call of a side is one round of the same amount of work, and answers with the time that counts: what it takes to
/// prepare a round need not be in it. The sides take turns, each round beginning with the other; one round of each is
/// run before counting.
#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
pub fn ratio(
    name: &str,
    rounds: usize,
    mut ours: impl FnMut() -> Duration,
    mut limit: impl FnMut() -> Duration,
) -> Option<f64> {
    if !is_asked_for(name) {
        return None;
    }
    ours();
    limit();
    let (mut of_ours, mut of_limit) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for round in 0..rounds {
        if round % 2 == 0 {
            of_ours.push(ours());
            of_limit.push(limit());
        } else {
            of_limit.push(limit());
            of_ours.push(ours());
        }
    }
    let (ours, limit) = (median(of_ours), median(of_limit));
    let value = ours.as_secs_f64() / limit.as_secs_f64();
    println!("# {name}: ours {ours:.1?}, limit {limit:.1?}, medians of {rounds} rounds");
    println!("ratio {name} {value:.3}");
    Some(value)
}

/// Whether the command line asks for the ratio `name`: by a part of it, or by none at all. What is costly to set up need
/// not be where it is not asked for.
#[must_use]
pub fn is_asked_for(name: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).peekable();
    asked.peek().is_none() || asked.any(|part| name.contains(&part))
}

/// How long `work` takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The median of some durations, zero of none.
#[must_use]
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

/// Whether the program was started by `cargo bench`. A benchmark that is run by `cargo test` has nothing to prove and
/// returns at once.
#[must_use]
pub fn is_wanted() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}
