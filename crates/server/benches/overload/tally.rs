//! What became of calls.

use std::{fmt, time::Duration};

/// How long each call waited to be done, or to be turned away.
#[derive(Default)]
pub(crate) struct Tally {
    taken: Vec<Duration>,
    turned_away: Vec<Duration>,
    time: Duration,
}

impl Tally {
    /// A call was answered by `code`.
    pub(crate) fn count(&mut self, code: u32, waited: Duration) {
        match code {
            0 => self.taken.push(waited),
            429 => self.turned_away.push(waited),
            other => panic!("{other} is no answer to this"),
        }
    }

    /// Those of all callers, who were at it for `time`.
    pub(crate) fn of_all(tallies: impl IntoIterator<Item = Self>, time: Duration) -> Self {
        let mut all = Self { time, ..Self::default() };
        for tally in tallies {
            all.taken.extend(tally.taken);
            all.turned_away.extend(tally.turned_away);
        }
        all.taken.sort_unstable();
        all.turned_away.sort_unstable();
        all
    }

    pub(crate) fn taken_a_second(&self) -> f64 {
        self.a_second(&self.taken)
    }

    fn a_second(&self, calls: &[Duration]) -> f64 {
        f64::from(u32::try_from(calls.len()).unwrap()) / self.time.as_secs_f64()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, calls) in [("taken", &self.taken), ("turned away", &self.turned_away)] {
            let within = |percent| calls.get(calls.len() * percent / 100).copied().unwrap_or_default();
            let last = calls.last().copied().unwrap_or_default();
            write!(
                f,
                "{}{:.0} a second {name} (p50 {:.1?}, p99 {:.1?}, last {last:.1?})",
                if name == "taken" { "" } else { ", " },
                self.a_second(calls),
                within(50),
                within(99),
            )?;
        }
        Ok(())
    }
}
