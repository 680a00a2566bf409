//! Reads a client's request leniently, with errors that name the argument by its path.

use alloc::{format, vec::Vec};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    ConversationReq, Field, Kind, Mask, Path, Text,
    value_reader::{ValueReader, argument, primitive},
};

/// The names of the arguments beside the settings, in the order of [`Name::Target`].
const TARGET: [&str; 4] = ["conversationID", "conversationType", "userID", "groupID"];

/// Methods that reject a primitive with this message.
macro_rules! reject_primitives {
    ($message:literal) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Err(E::custom(format_args!($message, "a boolean")))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Err(E::custom(format_args!($message, number)))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Err(E::custom(format_args!($message, number)))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Err(E::custom(format_args!($message, format!("{number:?}"))))
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::custom(format_args!($message, "a string")))
        }
    };
}

/// A name in the request's `conversation`.
enum Name {
    /// One of [`TARGET`].
    Target(usize),
    Setting(Field),
    Unknown,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                let target = || TARGET.iter().position(|known| *known == name).map(Name::Target);
                let setting = Field::find(name).filter(|field| field.is_client()).map(Name::Setting);
                Ok(setting.or_else(target).unwrap_or(Name::Unknown))
            }
        }

        deserializer.deserialize_identifier(Reader)
    }
}

impl<'de> Deserialize<'de> for ConversationReq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = ConversationReq;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConversationReq, A::Error> {
                let mut request = ConversationReq::default();
                let (mut seen, mut seen_target) = (Mask::EMPTY, [false; TARGET.len()]);
                while let Some(name) = map.next_key()? {
                    match name {
                        Name::Setting(field) if seen.contains(field) => {
                            return Err(A::Error::duplicate_field(field.wire_name()));
                        }
                        Name::Setting(field) => {
                            seen = seen.with(field);
                            request.read_setting(field, &mut map)?;
                        }
                        Name::Target(n) if core::mem::replace(&mut seen_target[n], true) => {
                            return Err(A::Error::duplicate_field(TARGET[n]));
                        }
                        Name::Target(0) => request.conversation_id = argument(&mut map, "conversation.conversationID")?,
                        Name::Target(1) => {
                            request.conversation_type = argument(&mut map, "conversation.conversationType")?;
                        }
                        Name::Target(2) => request.user_id = argument(&mut map, "conversation.userID")?,
                        Name::Target(_) => request.group_id = argument(&mut map, "conversation.groupID")?,
                        Name::Unknown => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(request)
            }
        }

        // Not `deserialize_struct`: a format without names cannot be read by name.
        deserializer.deserialize_map(Object)
    }
}

impl ConversationReq {
    /// Reads a JSON object or `null`, for `serde(deserialize_with)`.
    ///
    /// # Errors
    ///
    /// The deserializer's, for any other value and for an argument of another type.
    pub fn object_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct ObjectOrNull;

        impl<'de> Visitor<'de> for ObjectOrNull {
            type Value = Option<ConversationReq>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            reject_primitives!("conversation: must be an object, got {}");

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
                Err(A::Error::custom("conversation: must be an object, got a list"))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                ConversationReq::deserialize(MapAccessDeserializer::new(map)).map(Some)
            }
        }

        deserializer.deserialize_any(ObjectOrNull)
    }
}

/// Reads the list `userIDs` or `null`.
pub(super) fn user_ids_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Text>>, D::Error> {
    struct ListOrNull;

    impl<'de> Visitor<'de> for ListOrNull {
        type Value = Option<Vec<Text>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        reject_primitives!("userIDs: must be a list, got {}");

        fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(A::Error::custom("userIDs: must be a list, got an object"))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut users = Vec::new();
            loop {
                let path = Path::Element("userIDs", users.len());
                match list.next_element_seed(ValueReader::new(&path, Kind::Text, primitive::<Text>))? {
                    Some(Some(user)) => users.push(user),
                    Some(None) => return Err(A::Error::custom(format_args!("{path}: must be a string, got null"))),
                    None => return Ok(Some(users)),
                }
            }
        }
    }

    deserializer.deserialize_any(ListOrNull)
}
