//! Compares the cost of this workspace's code with code written by hand, as a ratio.
//!
//! Machines are noisy and drift, so both sides take turns in one process, and their medians are compared.

mod callers;

use std::time::{Duration, Instant};

pub use callers::{Callers, Side};

/// Measures `ours` against `limit`, prints `ratio NAME VALUE`, and returns the value. Returns `None` without measuring if
/// the command line asks for other ratios, as `cargo bench … -- noop single` does by parts of their names.
///
/// Each call of a side does the same amount of work, and returns the time that counts: preparation may be left out. The
/// sides take turns and alternate in going first. One round of each runs before the count begins.
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

/// Whether the command line asks for the ratio `name`, by a part of the name or by naming none. Check it before a costly
/// setup.
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

/// The median; zero if there are no durations.
#[must_use]
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

/// Pins this thread, and those that it starts, to one core, on Linux.
///
/// A sequential client and its server wait for each other. On two cores the benchmark measures how fast a sleeping core
/// wakes up: five times a call's work on some machines, nothing on others. On one core it measures the work of both.
///
/// # Panics
///
/// If the operating system refuses.
pub fn share_a_core() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let allowed = sched_getaffinity(None).expect("a thread may read its cores");
        // The first core often does the system's own work.
        let last = (0..CpuSet::MAX_CPU).rfind(|core| allowed.is_set(*core)).expect("a thread has a core");
        let mut one = CpuSet::new();
        one.set(last);
        sched_setaffinity(None, &one).expect("a thread may give up cores");
    }
}

/// Whether `cargo bench` started the program. A benchmark that `cargo test` starts must return immediately.
#[must_use]
pub fn is_wanted() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}
