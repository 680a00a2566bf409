//! The value of a setting of the host's own.

use core::{fmt, ops::Deref};

use crate::{CustomError, Text};

/// The value of a setting of the host's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "an adapter must store each, and JSON has no other scalars of use")]
pub enum CustomValue {
    /// True or false.
    Boolean(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A text.
    Text(CustomText),
}

/// A text of at most [`MAX_BYTES`](Self::MAX_BYTES) bytes, without U+0000.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct CustomText(Text);

impl CustomText {
    /// The length of the longest text, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1_024;

    /// Checks `text`.
    ///
    /// # Errors
    ///
    /// [`CustomError`] when the text is too long or contains U+0000.
    pub fn new(text: impl Into<Text>) -> Result<Self, CustomError> {
        let text = text.into();
        match text.len() {
            got if got > Self::MAX_BYTES => Err(CustomError::TooLong { limit: Self::MAX_BYTES, got }),
            _ if text.contains('\0') => Err(CustomError::Nul),
            _ => Ok(Self(text)),
        }
    }
}

impl Deref for CustomText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CustomText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl From<bool> for CustomValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i32> for CustomValue {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<i64> for CustomValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl TryFrom<&str> for CustomValue {
    type Error = CustomError;

    fn try_from(value: &str) -> Result<Self, CustomError> {
        CustomText::new(value).map(Self::Text)
    }
}
