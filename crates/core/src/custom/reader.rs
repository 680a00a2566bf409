//! Reads names and values from a format that describes itself, with errors that name the path.

use alloc::{collections::btree_map::Entry, format, sync::Arc};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use super::{CustomName, CustomText, CustomValue, Names};
use crate::{
    Custom, CustomPatch, Kind,
    value_reader::{ValueReader, primitive},
};

impl<'de> Deserialize<'de> for CustomPatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let reader = ValueReader::new("custom", Kind::Custom, primitive::<Self>);
        Ok(reader.deserialize(deserializer)?.unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for CustomValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Scalar(&"value").deserialize(deserializer)?;
        value.ok_or_else(|| D::Error::custom("must be a string, an integer or a boolean, got null"))
    }
}

/// Reads the entries of an object at `path`.
pub(crate) struct CustomReader<'p, P>(pub(crate) &'p P);

impl<P: fmt::Display> CustomReader<'_, P> {
    pub(crate) fn read<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<CustomPatch, A::Error> {
        let path = self.0;
        let mut names = Names::new();
        while let Some(name) = map.next_key_seed(Name(path))? {
            let at = format!("{path}.{name}");
            let value = map.next_value_seed(Scalar(&at))?;
            match names.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(_) => return Err(A::Error::custom(format_args!("{at}: is there twice"))),
            }
            if names.len() > Custom::MAX_NAMES {
                let most = Custom::MAX_NAMES;
                return Err(A::Error::custom(format_args!("{path}: must have at most {most} names")));
            }
        }
        Ok(CustomPatch { names: (!names.is_empty()).then(|| Arc::new(names)) })
    }
}

/// Reads a name of the object at a path.
struct Name<'p, P>(&'p P);

impl<'de, P: fmt::Display> DeserializeSeed<'de> for Name<'_, P> {
    type Value = CustomName;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CustomName, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<P: fmt::Display> Visitor<'_> for Name<'_, P> {
    type Value = CustomName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<CustomName, E> {
        CustomName::new(name).map_err(|problem| {
            let shown: alloc::string::String = name.chars().take(CustomName::MAX_BYTES).collect();
            E::custom(format_args!("{}: the name {shown:?} {problem}", self.0))
        })
    }
}

/// Reads a value at a path; `null` is `None`.
struct Scalar<'p, P>(&'p P);

impl<P: fmt::Display> Scalar<'_, P> {
    fn mismatch<E: Error>(&self, got: impl fmt::Display) -> E {
        E::custom(format_args!("{}: must be a string, an integer or a boolean, got {got}", self.0))
    }
}

impl<'de, P: fmt::Display> DeserializeSeed<'de> for Scalar<'_, P> {
    type Value = Option<CustomValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: fmt::Display> Visitor<'de> for Scalar<'_, P> {
    type Value = Option<CustomValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, an integer or a boolean")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(|number| Some(number.into())).map_err(|_| self.mismatch(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Err(self.mismatch(format!("{number:?}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = CustomText::new(text).map_err(|problem| E::custom(format_args!("{}: {problem}", self.0)))?;
        Ok(Some(CustomValue::Text(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.mismatch("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.mismatch("an object"))
    }
}
