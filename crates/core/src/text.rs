//! Text that is kept byte for byte.

use alloc::{string::String, sync::Arc};
use core::{fmt, ops::Deref};

/// A text that is stored and returned byte for byte: any Unicode, including U+0000, and the empty text.
///
/// Immutable and shared: a clone copies a pointer. An extension set for 10,000 users is in memory once.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        // The empty text, the most frequent one, needs no allocation.
        if text.is_empty() { Self::default() } else { Self(text.into()) }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        Self::from(&*text)
    }
}

impl From<Text> for Arc<str> {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }

            fn visit_string<E>(self, text: String) -> Result<Text, E> {
                Ok(text.into())
            }
        }

        // `deserialize_str`, not `_string`: borrowed input is copied once, into the shared text.
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn converts_a_text_without_changing_it() {
        let text = "a\u{0}\u{1f980}";
        for same in [Text::from(text), Text::from(String::from(text)), Text::from(Arc::<str>::from(text))] {
            assert_eq!((&*same, format!("{same}"), format!("{same:?}")), (text, text.into(), format!("{text:?}")));
            assert_eq!(serde_json::to_string(&same).unwrap(), serde_json::to_string(text).unwrap());
            assert_eq!(String::from(same.clone()), text);
            assert_eq!(&*Arc::<str>::from(same), text);
        }
        assert_eq!((Text::from(""), Text::from(String::new())), (Text::default(), Text::default()));
    }

    #[test]
    fn deserializes_a_text_from_a_string_only() {
        assert_eq!(serde_json::from_str::<Text>(r#""\u0000""#).unwrap(), Text::from("\u{0}"));
        assert_eq!(serde_json::from_value::<Text>("owned".into()).unwrap(), Text::from("owned"));
        let error = serde_json::from_str::<Text>("1").unwrap_err();
        assert_eq!(error.to_string(), "invalid type: integer `1`, expected a string at line 1 column 1");
    }
}
