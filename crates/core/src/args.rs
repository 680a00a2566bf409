//! What is wrong with the arguments of a request, and where.

use alloc::{borrow::Cow, string::String};
use core::fmt;

use crate::{CustomName, FieldError, IdError, Text, ValueError};

/// An argument that cannot be accepted: OpenIM's `ArgsError`, 1001.
///
/// Prints as the path and the problem: `conversation.burnDuration: must be at least 0, got -1`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
#[non_exhaustive]
pub struct ArgsError {
    /// The path of the argument in the request, such as `conversation.ex` or `userIDs[3]`.
    pub path: Path,
    /// The problem.
    pub problem: Violation,
}

impl ArgsError {
    /// `problem` with the argument at `path`.
    pub fn new(path: impl Into<Path>, problem: impl Into<Violation>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }

    /// `problem` with the setting `field` of the request's `conversation`.
    pub fn in_conversation(field: &'static str, problem: impl Into<Violation>) -> Self {
        Self::new(Path::Conversation(field), problem)
    }
}

impl From<FieldError> for ArgsError {
    fn from(error: FieldError) -> Self {
        Self::in_conversation(error.field.wire_name(), error.problem)
    }
}

/// The path of an argument in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Path {
    /// A field of the request itself.
    Field(&'static str),
    /// An element of a list in the request.
    Element(&'static str, usize),
    /// A field of the request's `conversation`.
    Conversation(&'static str),
    /// A setting of the host's own, in the request's `conversation.custom`.
    Custom(CustomName),
    /// A path that a decoder found; empty for the whole body.
    Decoded(String),
}

impl From<&'static str> for Path {
    fn from(field: &'static str) -> Self {
        Self::Field(field)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Element(name, index) => write!(f, "{name}[{index}]"),
            Self::Conversation(name) => write!(f, "conversation.{name}"),
            Self::Custom(name) => write!(f, "conversation.custom.{name}"),
            Self::Decoded(path) if path.is_empty() => f.write_str("body"),
            Self::Decoded(path) => f.write_str(path),
        }
    }
}

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The argument is absent or `null`.
    #[error("is required")]
    Required,
    /// The list has no element.
    #[error("must not be empty")]
    Empty,
    /// The list has too many elements.
    #[error("must have at most {limit} entries, got {got}")]
    TooMany {
        /// The most allowed.
        limit: usize,
        /// The number found.
        got: usize,
    },
    /// The text is too long.
    #[error("must be at most {limit} bytes, got {got}")]
    TooLong {
        /// The longest allowed, in bytes of UTF-8.
        limit: usize,
        /// The length found, in bytes of UTF-8.
        got: usize,
    },
    /// The texts take too many bytes for all users together.
    #[error("must store at most {limit} bytes of ex, attachedInfo and custom for all users together, got {got}")]
    TooLarge {
        /// The most allowed, in bytes of UTF-8.
        limit: usize,
        /// The bytes of all texts, times the users.
        got: usize,
    },
    /// The number is out of range.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The text is not a valid identifier.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The ID begins or ends with white space, in a request that would create a conversation with it.
    #[error("must not begin or end with white space, got {got:?}")]
    Blank {
        /// The ID.
        got: Text,
    },
    /// The argument breaks a rule that involves other arguments.
    #[error("{0}")]
    Rule(Cow<'static, str>),
}

impl From<&'static str> for Violation {
    fn from(rule: &'static str) -> Self {
        Self::Rule(rule.into())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn prints_a_path_as_the_client_wrote_it() {
        let paths = [
            Path::from("userIDs"),
            Path::Element("userIDs", 3),
            Path::Conversation("ex"),
            Path::Custom(CustomName::new("theme").unwrap()),
            Path::Decoded("conversation.ex".into()),
            Path::Decoded(String::new()),
        ];
        let named =
            ["userIDs", "userIDs[3]", "conversation.ex", "conversation.custom.theme", "conversation.ex", "body"];
        assert_eq!(paths.map(|path| path.to_string()), named);
    }
}
