//! Booleans as clients send them.

use core::fmt;

use serde::{
    Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// Reads `true`, `false`, 1, 0 or `null`. OpenIM accepts 1 and 0, so clients send them.
pub(super) fn or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    // A hint of a boolean would reject numbers.
    deserializer.deserialize_any(BooleanOrNull)
}

struct BooleanOrNull;

impl<'de> Visitor<'de> for BooleanOrNull {
    type Value = Option<bool>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match number {
            0 => Ok(Some(false)),
            1 => Ok(Some(true)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let found = Unexpected::Signed(number);
        u64::try_from(number).map_err(|_| E::invalid_value(found, &self)).and_then(|number| self.visit_u64(number))
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        or_null(deserializer)
    }
}
