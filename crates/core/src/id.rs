//! The identifiers of users, groups and conversations.

use alloc::{string::String, sync::Arc};
use core::{borrow::Borrow, fmt};

use crate::Text;

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text has no characters.
    #[error("must not be empty")]
    Empty,
    /// The text is longer than an identifier of its kind may be.
    #[error("must be at most {limit} bytes, got {got}")]
    TooLong {
        /// The longest allowed, in bytes of UTF-8.
        limit: usize,
        /// The length found, in bytes of UTF-8.
        got: usize,
    },
    /// The text holds a control character (C0, DEL or C1), which has no place in a key, a log line or a header.
    #[error("must not contain control characters, found one at byte {at}")]
    ControlCharacter {
        /// The offset of the first one, in bytes.
        at: usize,
    },
}

fn check(text: &str, limit: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > limit {
        return Err(IdError::TooLong { limit, got: text.len() });
    }
    // Printable ASCII, the usual case, needs no decoding.
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, _)) => Err(IdError::ControlCharacter { at }),
        None => Ok(()),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $limit:literal) => {
        $(#[$doc])*
        ///
        /// Opaque: compared and ordered byte by byte, never trimmed, folded or interpreted. Cheap to clone.
        ///
        /// ```
        #[doc = concat!("# use conversation_settings_core::", stringify!($name), ";")]
        #[doc = concat!("let id = ", stringify!($name), "::try_from(String::from(\"team-7\"))?; // as from a path or a row")]
        #[doc = concat!("assert_eq!(\"team-7\".parse::<", stringify!($name), ">()?, id);")]
        /// assert_eq!(String::from(id), "team-7");
        #[doc = concat!("assert!(", stringify!($name), "::try_from(\"\").is_err());")]
        /// # Ok::<(), conversation_settings_core::IdError>(())
        /// ```
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text);

        impl $name {
            /// The longest allowed, in bytes of UTF-8.
            pub const MAX_BYTES: usize = $limit;

            /// Checks `text`, and keeps it as it is.
            ///
            /// # Errors
            ///
            /// [`IdError`] when `text` is empty, longer than [`Self::MAX_BYTES`], or holds a control character.
            pub fn new(text: impl Into<Text>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text, Self::MAX_BYTES)?;
                Ok(Self(text))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdError;

            fn try_from(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<Arc<str>> for $name {
            type Error = IdError;

            fn try_from(text: Arc<str>) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<Text> for $name {
            type Error = IdError;

            fn try_from(text: Text) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl core::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for Text {
            fn from(id: $name) -> Text {
                id.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl From<$name> for Arc<str> {
            fn from(id: $name) -> Arc<str> {
                id.0.into()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(Text::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// A user: 1 to 256 bytes without control characters.
    UserId, 256
}
id! {
    /// A group: 1 to 256 bytes without control characters.
    GroupId, 256
}
id! {
    /// A conversation, with the same ID for all participants: 1 to 1,024 bytes without control characters. An ID made of
    /// any two users fits.
    ConversationId, 1024
}

/// How the IDs of single chats begin.
const SINGLE: &str = "si_";
/// How the IDs of groups' conversations begin.
const GROUP: &str = "sg_";

impl ConversationId {
    /// The single chat of two users, as OpenIM's clients name it: `si_`, then both IDs in byte order, joined by `_`.
    #[must_use]
    pub fn single(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self(Text::from(alloc::format!("{SINGLE}{first}_{second}")))
    }

    /// The conversation of a group, as OpenIM's clients name it: `sg_` and the group's ID.
    #[must_use]
    pub fn group(group: &GroupId) -> Self {
        Self(Text::from(alloc::format!("{GROUP}{group}")))
    }

    /// The peer of `party` in a single chat, if this ID is one that [`Self::single`] makes; otherwise `None`.
    ///
    /// IDs are opaque: a host may name its conversations in another way, and then an ID names no peer.
    #[must_use]
    pub fn other_party(&self, party: &UserId) -> Option<UserId> {
        let pair = self.as_str().strip_prefix(SINGLE)?;
        let after = pair.strip_prefix(party.as_str()).and_then(|rest| rest.strip_prefix('_'));
        let before = pair.strip_suffix(party.as_str()).and_then(|rest| rest.strip_suffix('_'));
        [after, before]
            .into_iter()
            .flatten()
            .filter_map(|other| UserId::new(other).ok())
            .find(|other| Self::single(party, other) == *self)
    }

    /// Whether the ID begins as those of single chats do.
    pub(crate) fn names_single(&self) -> bool {
        self.as_str().starts_with(SINGLE)
    }

    /// Whether the ID begins as those of groups do.
    pub(crate) fn names_group(&self) -> bool {
        self.as_str().starts_with(GROUP)
    }

    /// Whether the ID is the one that [`Self::single`] makes of the two, with the users in the wrong order.
    pub(crate) fn is_reversed(&self, one: &UserId, other: &UserId) -> bool {
        let is = |first: &UserId, second: &UserId| {
            let pair = self.as_str().strip_prefix(SINGLE);
            let rest = pair.and_then(|pair| pair.strip_prefix(first.as_str())?.strip_prefix('_'));
            rest == Some(second.as_str())
        };
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        is(second, first) && !is(first, second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    #[test]
    fn keeps_an_id_as_it_is() {
        for text in ["a", " ", "$set", "a.b", "Ä", "🦀", "'; DROP TABLE x; --"] {
            assert_eq!(user(text).as_str(), text);
        }
        assert_ne!(user("a"), user("A"));
    }

    #[test]
    fn rejects_an_invalid_id_by_its_rule() {
        assert_eq!(UserId::new(""), Err(IdError::Empty));
        assert_eq!(UserId::new("a\u{0}"), Err(IdError::ControlCharacter { at: 1 }));
        assert_eq!(UserId::new("ä\u{85}"), Err(IdError::ControlCharacter { at: 2 }));
        assert!(UserId::new("x".repeat(256).as_str()).is_ok());
        assert_eq!(UserId::new("x".repeat(257).as_str()), Err(IdError::TooLong { limit: 256, got: 257 }));
    }

    #[test]
    fn makes_one_id_from_either_side_of_a_single_chat() {
        let (a, b) = (user("a"), user("b"));
        assert_eq!(ConversationId::single(&b, &a).as_str(), "si_a_b");
        assert_eq!(ConversationId::single(&a, &b), ConversationId::single(&b, &a));
    }

    #[test]
    fn finds_the_other_party_only_in_an_id_made_of_the_two() {
        let id = |text| ConversationId::new(text).unwrap();
        assert_eq!(id("si_a_b").other_party(&user("a")), Some(user("b")));
        assert_eq!(id("si_a_b").other_party(&user("b")), Some(user("a")));
        assert_eq!(id("si_a_b_a").other_party(&user("a")), Some(user("b_a")));
        assert_eq!(id("si_b_a").other_party(&user("a")), None, "not in byte order");
        assert_eq!(id("si_a_b").other_party(&user("c")), None);
        assert_eq!(id("room-7").other_party(&user("a")), None);
    }

    #[test]
    fn finds_the_users_of_a_single_chat_in_the_wrong_order() {
        let is_reversed = |id: &str, one: &str, other: &str| {
            let id = ConversationId::new(id).unwrap();
            assert_eq!(id.is_reversed(&user(one), &user(other)), id.is_reversed(&user(other), &user(one)));
            id.is_reversed(&user(one), &user(other))
        };
        assert!(is_reversed("si_b_a", "a", "b"));
        assert!(is_reversed("si_b_a_a", "a_a", "b"));
        for right in ["si_a_b", "si_b_c", "si_c_a", "b_a", "si_b_a_", "si_ba", "si_b"] {
            assert!(!is_reversed(right, "a", "b"), "{right}");
        }
        assert!(!is_reversed("si_a_a_a", "a", "a_a"), "it is in order, too");
        assert!(!is_reversed("si_a_a", "a", "a"));
    }
}
