//! Reads a patch strictly.

use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use crate::{Field, Mask, Patch, Value, value_reader::ValueReader};

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
            let read = |value: Value<'_>| Patch::KEEP.with(field, value);
            if let Some(set) = map.next_value_seed(ValueReader::new(field, field.kind(), read))? {
                patch = patch.then(set);
            }
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
