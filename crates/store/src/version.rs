//! An owner's version together with the log it counts in.

use std::{fmt, str::FromStr};

use conversation_settings_core::Version;

/// The identity of the log that versions count in: 12 bytes, chosen at random when the log begins, and constant.
///
/// Prints as 24 hexadecimal digits, the form of OpenIM's `versionID`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "twelve bytes and nothing else")]
pub struct LogId(pub [u8; 12]);

impl LogId {
    /// The identity that stands for no log, for an owner without one.
    pub const NONE: Self = Self([0; 12]);
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({self})")
    }
}

/// A text that is not 24 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 24 hexadecimal digits")]
#[expect(clippy::exhaustive_structs, reason = "it has no details")]
pub struct ParseLogIdError;

impl FromStr for LogId {
    type Err = ParseLogIdError;

    fn from_str(text: &str) -> Result<Self, ParseLogIdError> {
        let digits = text.as_bytes();
        if digits.len() != 24 {
            return Err(ParseLogIdError);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut id = [0; 12];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0]).zip(digit(pair[1])).map(|(high, low)| 16 * high + low).ok_or(ParseLogIdError)?;
        }
        Ok(Self(id))
    }
}

/// An owner's version in a log. A client keeps it, and asks for the changes since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an identity, made of exactly these two")]
pub struct OwnerVersion {
    /// The log.
    pub log: LogId,
    /// The version in it.
    pub version: Version,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_log_id_as_it_prints() {
        let id = LogId([0, 1, 2, 3, 4, 5, 6, 7, 8, 0xab, 0xcd, 0xff]);
        assert_eq!(id.to_string(), "000102030405060708abcdff");
        assert_eq!(format!("{id:?}"), "LogId(000102030405060708abcdff)");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for wrong in ["", "00", "zz0102030405060708abcdff", "000102030405060708abcdff0", "+00102030405060708abcdff"] {
            assert_eq!(wrong.parse::<LogId>(), Err(ParseLogIdError), "{wrong}");
        }
    }
}
