//! Sizes in options.

use std::{fmt, str::FromStr};

/// The units, the largest first.
const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// A number of bytes: `65536`, `64KiB`, `16MiB`, `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteSize(usize);

impl ByteSize {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    pub(crate) const fn get(self) -> usize {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let unit = UNITS.iter().find_map(|&(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
        let (number, unit) = unit.unwrap_or((text, 1));
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Err("must be a number of bytes, or a number with the unit KiB, MiB or GiB, for example 16MiB");
        }
        match number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit)) {
            Some(0) => Err("must not be zero"),
            Some(bytes) => Ok(Self(bytes)),
            None => Err("is too large"),
        }
    }
}

impl fmt::Display for ByteSize {
    /// In the largest unit that fits exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.into_iter().find(|(_, size)| self.0.is_multiple_of(*size));
        let (unit, size) = unit.unwrap_or(("", 1));
        write!(f, "{}{unit}", self.0 / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_numbers_with_and_without_a_unit() {
        for (given, bytes, printed) in [
            ("1000", 1_000, "1000"),
            ("65536", 65_536, "64KiB"),
            ("64KiB", 65_536, "64KiB"),
            (" 16MiB ", 16_777_216, "16MiB"),
            ("1GiB", 1_073_741_824, "1GiB"),
        ] {
            let size = given.parse::<ByteSize>().unwrap();
            assert_eq!((size.get(), &*size.to_string()), (bytes, printed));
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in ["", "KiB", "16 MiB", "16M", "16MB", "16mib", "1.5MiB", "-1", "+1"] {
            let error = text.parse::<ByteSize>().unwrap_err();
            assert!(
                error.starts_with("must be a number of bytes, or a number with the unit KiB, MiB or GiB"),
                "{text}"
            );
        }
        assert_eq!("0KiB".parse::<ByteSize>(), Err("must not be zero"));
        assert_eq!("99999999999999GiB".parse::<ByteSize>(), Err("is too large"));
    }
}
