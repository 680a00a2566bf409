//! The name of the schema that holds the tables.

use std::{fmt, str::FromStr};

/// The name of the schema that holds the tables; [`Schema::DEFAULT`] by default.
///
/// Lower-case letters, digits and underscores: PostgreSQL accepts such names without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(String);

/// The text is not a valid [`Schema`] name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a schema's name must be 1 to 63 lower-case letters, digits or underscores and must not begin with a digit or pg_"
)]
#[non_exhaustive]
pub struct SchemaError;

impl Schema {
    /// The default name.
    pub const DEFAULT: &str = "conversation_settings";

    /// Checks `name`.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] if `name` is not valid.
    pub fn new(name: impl Into<String>) -> Result<Self, SchemaError> {
        let name = name.into();
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let is_valid = (1..=63).contains(&name.len())
            && name.bytes().all(is_allowed)
            && !name.as_bytes()[0].is_ascii_digit()
            && !name.starts_with("pg_");
        if is_valid { Ok(Self(name)) } else { Err(SchemaError) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl FromStr for Schema {
    type Err = SchemaError;

    fn from_str(name: &str) -> Result<Self, SchemaError> {
        Self::new(name)
    }
}

/// Quoted, since a name can be a keyword such as `order`.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_that_need_no_quotes() {
        for name in ["conversation_settings", "a", "_", "order", "app2", &"x".repeat(63)] {
            assert_eq!(Schema::new(name).unwrap().as_str(), name);
        }
        for name in ["", "A", "2app", "a b", "a\"", "a;", "é", "pg_catalog", &"x".repeat(64)] {
            assert_eq!(Schema::new(name), Err(SchemaError), "{name}");
        }
        assert_eq!(Schema::default(), Schema::new(Schema::DEFAULT).unwrap());
    }
}
