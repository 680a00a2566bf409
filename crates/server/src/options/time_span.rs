//! Durations in options.

use std::{fmt, str::FromStr, time::Duration};

/// The units, the largest first.
const UNITS: [(char, u64); 4] = [('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// The longest span: 100 years of 365 days.
const MAX: u64 = 100 * 365 * 24 * 60 * 60;

/// A whole number of seconds, minutes, hours or days: `900`, `900s`, `15m`, `12h`, `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeSpan(Duration);

impl TimeSpan {
    /// The span that whole seconds of `duration` make.
    pub(crate) const fn new(duration: Duration) -> Self {
        Self(Duration::from_secs(duration.as_secs()))
    }

    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for TimeSpan {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let unit = UNITS.iter().find_map(|&(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
        let (number, unit) = unit.unwrap_or((text, 1));
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Err("must be a number of seconds, or a number with the unit s, m, h or d, for example 90d");
        }
        match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
            Some(0) => Err("must not be zero"),
            Some(seconds) if seconds <= MAX => Ok(Self(Duration::from_secs(seconds))),
            _ => Err("must be at most 36500d"),
        }
    }
}

impl fmt::Display for TimeSpan {
    /// In the largest unit that fits exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (unit, size) = UNITS.into_iter().find(|(_, size)| seconds.is_multiple_of(*size)).unwrap_or(('s', 1));
        write!(f, "{}{unit}", seconds / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_numbers_with_and_without_a_unit() {
        for (given, seconds, printed) in [
            ("900", 900, "15m"),
            ("901s", 901, "901s"),
            ("15m", 900, "15m"),
            (" 12h ", 43_200, "12h"),
            ("24h", 86_400, "1d"),
            ("90d", 7_776_000, "90d"),
        ] {
            let span = given.parse::<TimeSpan>().unwrap();
            assert_eq!((span.duration().as_secs(), &*span.to_string()), (seconds, printed));
        }
        assert_eq!(TimeSpan::new(Duration::from_millis(75_999)).to_string(), "75s");
    }

    #[test]
    fn refuses_other_texts() {
        for text in ["", "d", "soon", "1.5h", "-1", "+1", "1w", "90 d", "1h30m"] {
            let error = text.parse::<TimeSpan>().unwrap_err();
            assert!(error.starts_with("must be a number of seconds, or a number with the unit s, m, h or d"), "{text}");
        }
        assert_eq!("0d".parse::<TimeSpan>(), Err("must not be zero"));
        for text in ["36501d", "99999999999999999999", "213503982334602d"] {
            assert_eq!(text.parse::<TimeSpan>(), Err("must be at most 36500d"), "{text}");
        }
    }
}
