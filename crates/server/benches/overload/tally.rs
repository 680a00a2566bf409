//! Accepted and rejected calls.

use std::{fmt, time::Duration};

/// The latency of each call, accepted or rejected.
#[derive(Default)]
pub(crate) struct Tally {
    accepted: Vec<Duration>,
    rejected: Vec<Duration>,
    time: Duration,
}

impl Tally {
    /// Adds a call with the response's `code`.
    pub(crate) fn count(&mut self, code: u32, waited: Duration) {
        match code {
            0 => self.accepted.push(waited),
            429 => self.rejected.push(waited),
            other => panic!("unexpected code {other}"),
        }
    }

    /// Merges the tallies of all callers over `time`.
    pub(crate) fn merge(tallies: impl IntoIterator<Item = Self>, time: Duration) -> Self {
        let mut all = Self { time, ..Self::default() };
        for tally in tallies {
            all.accepted.extend(tally.accepted);
            all.rejected.extend(tally.rejected);
        }
        all.accepted.sort_unstable();
        all.rejected.sort_unstable();
        all
    }

    pub(crate) fn accepted_per_second(&self) -> f64 {
        self.per_second(&self.accepted)
    }

    fn per_second(&self, calls: &[Duration]) -> f64 {
        f64::from(u32::try_from(calls.len()).unwrap()) / self.time.as_secs_f64()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, calls) in [("accepted", &self.accepted), ("rejected", &self.rejected)] {
            let within = |percent| calls.get(calls.len() * percent / 100).copied().unwrap_or_default();
            let last = calls.last().copied().unwrap_or_default();
            write!(
                f,
                "{}{:.0} per second {name} (p50 {:.1?}, p99 {:.1?}, last {last:.1?})",
                if name == "accepted" { "" } else { ", " },
                self.per_second(calls),
                within(50),
                within(99),
            )?;
        }
        Ok(())
    }
}
