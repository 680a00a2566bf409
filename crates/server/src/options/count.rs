//! Numbers of things in options.

use std::{fmt, num::NonZeroUsize, str::FromStr};

/// A whole number of at least 1: `10000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(NonZeroUsize);

impl Count {
    pub(crate) const fn new(count: usize) -> Self {
        match NonZeroUsize::new(count) {
            Some(count) => Self(count),
            None => Self(NonZeroUsize::MIN),
        }
    }

    pub(crate) const fn get(self) -> usize {
        self.0.get()
    }
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("must be a number in digits, without a unit or separators, for example 10000");
        }
        match text.parse() {
            Ok(0) => Err("must not be zero"),
            Ok(count) => Ok(Self::new(count)),
            Err(_) => Err("is too large"),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_numbers_of_at_least_one() {
        for (given, count) in [("1", 1), (" 10000\n", 10_000), ("007", 7)] {
            assert_eq!(given.parse::<Count>().map(Count::get), Ok(count));
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in ["", "10k", "10_000", "10,000", "1e4", "0x10", "-1", "+1", "many", "unlimited", "1.5"] {
            let error = "must be a number in digits, without a unit or separators, for example 10000";
            assert_eq!(text.parse::<Count>(), Err(error), "{text}");
        }
        assert_eq!("0".parse::<Count>(), Err("must not be zero"));
        assert_eq!("99999999999999999999".parse::<Count>(), Err("is too large"));
    }
}
