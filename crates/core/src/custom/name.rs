//! The name of a setting of the host's own.

use core::{borrow::Borrow, convert::Infallible, fmt, ops::Deref};

use crate::Text;

/// The name of a setting of the host's own: 1 to [`MAX_BYTES`](Self::MAX_BYTES) letters `A` to `Z` and `a` to `z`, digits,
/// `_` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomName(Text);

impl CustomName {
    /// The length of the longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Checks `name`.
    ///
    /// # Errors
    ///
    /// [`CustomError::Name`] when a character or the length is not allowed.
    pub fn new(name: impl Into<Text>) -> Result<Self, CustomError> {
        let name = name.into();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=Self::MAX_BYTES).contains(&name.len()) && name.bytes().all(is_allowed) {
            Ok(Self(name))
        } else {
            Err(CustomError::Name)
        }
    }
}

/// Why a setting of the host's own is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CustomError {
    /// The name is empty, too long or has another character.
    #[error("must be 1 to {} letters, digits, _ and -", CustomName::MAX_BYTES)]
    Name,
    /// The text is too long.
    #[error("must be at most {limit} bytes, got {got}")]
    TooLong {
        /// The longest allowed, in bytes of UTF-8.
        limit: usize,
        /// The length found, in bytes of UTF-8.
        got: usize,
    },
    /// The text has the one character that not every engine can store in JSON.
    #[error("must not contain U+0000")]
    Nul,
}

impl From<Infallible> for CustomError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Deref for CustomName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for CustomName {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Debug for CustomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for CustomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl TryFrom<&str> for CustomName {
    type Error = CustomError;

    fn try_from(name: &str) -> Result<Self, CustomError> {
        Self::new(name)
    }
}

impl serde::Serialize for CustomName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for CustomName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Text::deserialize(deserializer)?;
        Self::new(name.clone()).map_err(|problem| {
            let shown: alloc::string::String = name.chars().take(Self::MAX_BYTES).collect();
            serde::de::Error::custom(format_args!("the name {shown:?} {problem}"))
        })
    }
}
