//! Reads a patch strictly.

use alloc::format;
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use crate::{Field, Kind, Mask, Patch, Value};

/// Reads an object of [wire names](Field::wire_name) and values, strictly: an unknown name, a name that occurs twice, and a
/// value of another kind or out of range are errors that name the field. `null` keeps a field.
///
/// ```
/// # use conversation_settings_core::Patch;
/// let patch: Patch = serde_json::from_str(r#"{ "isPinned": true, "ex": null }"#)?;
/// assert_eq!(patch, Patch::KEEP.is_pinned(true));
///
/// let refused = |json| serde_json::from_str::<Patch>(json).unwrap_err().to_string();
/// assert_eq!(refused(r#"{ "isPinnned": true }"#), r#"there is no field "isPinnned" at line 1 column 13"#);
/// assert_eq!(refused(r#"{ "isPinned": "yes" }"#), "isPinned: must be a boolean, got a string at line 1 column 19");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// The lenient reader is [`ConversationReq`](crate::ConversationReq), for OpenIM's clients: it ignores unknown names and
/// settings of the host, and accepts 0 and 1 as booleans. A patch that is read here may set any field. A host whose users
/// send it checks [`Field::is_client`] and [`Limits::check_patch`](crate::Limits::check_patch), or builds a
/// [`SetConversations`](crate::SetConversations), which does. The format must describe itself, as JSON does.
impl<'de> Deserialize<'de> for Patch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Patch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Patch, A::Error> {
        let (mut patch, mut seen) = (Patch::KEEP, Mask::EMPTY);
        while let Some(field) = map.next_key_seed(Name)? {
            if seen.contains(field) {
                return Err(A::Error::duplicate_field(field.wire_name()));
            }
            seen = seen.with(field);
            patch = map.next_value_seed(Setter { field, patch })?;
        }
        Ok(patch)
    }
}

/// Reads the name of a field.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a setting")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        name.parse().map_err(E::custom)
    }
}

/// Reads a field's value, and sets it.
struct Setter {
    field: Field,
    patch: Patch,
}

impl Setter {
    fn set<E: Error>(self, value: Value<'_>) -> Result<Patch, E> {
        self.patch.with(self.field, value).map_err(E::custom)
    }

    fn set_integer<E: Error>(self, number: i64) -> Result<Patch, E> {
        match self.field.kind() {
            Kind::I32 => match i32::try_from(number) {
                Ok(number) => self.set(Value::I32(number)),
                Err(_) => Err(self.mismatch(number)),
            },
            Kind::I64 => self.set(Value::I64(number)),
            Kind::Timestamp => self.set(Value::Timestamp(number)),
            Kind::Bool | Kind::Text => Err(self.mismatch(number)),
        }
    }

    fn mismatch<E: Error>(&self, got: impl fmt::Display) -> E {
        E::custom(format_args!("{}: must be {}, got {got}", self.field, self.field.kind()))
    }
}

impl<'de> DeserializeSeed<'de> for Setter {
    type Value = Patch;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Patch, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Setter {
    type Value = Patch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.field.kind(), self.field)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Patch, E> {
        match self.field.kind() {
            Kind::Bool => self.set(Value::Bool(value)),
            _ => Err(self.mismatch("a boolean")),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Patch, E> {
        self.set_integer(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Patch, E> {
        match i64::try_from(number) {
            Ok(number) => self.set_integer(number),
            Err(_) => Err(self.mismatch(number)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Patch, E> {
        Err(self.mismatch(format!("{number:?}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Patch, E> {
        match self.field.kind() {
            Kind::Text => self.set(Value::Text(text)),
            _ => Err(self.mismatch("a string")),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Patch, E> {
        Ok(self.patch)
    }

    fn visit_none<E: Error>(self) -> Result<Patch, E> {
        Ok(self.patch)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Patch, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Patch, A::Error> {
        Err(self.mismatch("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Patch, A::Error> {
        Err(self.mismatch("an object"))
    }
}
