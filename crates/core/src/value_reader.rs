//! Reads primitives, with errors that name where they are.

use alloc::format;
use core::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use crate::{Kind, Primitive, Value, ValueError, custom::CustomReader};

/// Reads a primitive of `kind`, and makes a value of it with `read`; `null` is `None`. An error names the path, and never
/// quotes a text.
pub(crate) struct ValueReader<P, F> {
    path: P,
    kind: Kind,
    /// Whether 0 and 1 are booleans.
    has_numbers_for_booleans: bool,
    read: F,
}

impl<P, F> ValueReader<P, F> {
    /// Reads strictly.
    pub(crate) const fn new(path: P, kind: Kind, read: F) -> Self {
        Self { path, kind, has_numbers_for_booleans: false, read }
    }
}

/// Reads an argument as OpenIM's clients send it.
pub(crate) fn argument<'de, T: Primitive, A: MapAccess<'de>>(
    map: &mut A,
    path: &'static str,
) -> Result<Option<T>, A::Error> {
    map.next_value_seed(ValueReader { path, kind: T::KIND, has_numbers_for_booleans: true, read: primitive::<T> })
}

/// The primitive in `value`.
pub(crate) fn primitive<T: Primitive>(value: Value<'_>) -> Result<T, ValueError> {
    let got = value.kind();
    T::of(value).ok_or(ValueError::WrongKind { expected: T::KIND, got })
}

impl<P, F, R, W> ValueReader<P, F>
where
    P: fmt::Display,
    F: FnOnce(Value<'_>) -> Result<R, W>,
    W: fmt::Display,
{
    fn read<E: Error>(self, value: Value<'_>) -> Result<Option<R>, E> {
        (self.read)(value).map(Some).map_err(E::custom)
    }

    fn integer<E: Error>(self, number: i64) -> Result<Option<R>, E> {
        match (self.kind, number) {
            (Kind::I64, _) => self.read(Value::I64(number)),
            (Kind::Timestamp, _) => self.read(Value::Timestamp(number)),
            (Kind::Bool, 0 | 1) if self.has_numbers_for_booleans => self.read(Value::Bool(number == 1)),
            (Kind::I32, _) => match i32::try_from(number) {
                Ok(number) => self.read(Value::I32(number)),
                Err(_) => Err(self.mismatch(number)),
            },
            (Kind::Bool | Kind::Text | Kind::Custom, _) => Err(self.mismatch(number)),
        }
    }

    fn mismatch<E: Error>(&self, got: impl fmt::Display) -> E {
        E::custom(format_args!("{}: must be {}, got {got}", self.path, self.kind))
    }
}

impl<'de, P, F, R, W> DeserializeSeed<'de> for ValueReader<P, F>
where
    P: fmt::Display,
    F: FnOnce(Value<'_>) -> Result<R, W>,
    W: fmt::Display,
{
    type Value = Option<R>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P, F, R, W> Visitor<'de> for ValueReader<P, F>
where
    P: fmt::Display,
    F: FnOnce(Value<'_>) -> Result<R, W>,
    W: fmt::Display,
{
    type Value = Option<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.kind, self.path)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        match self.kind {
            Kind::Bool => self.read(Value::Bool(value)),
            _ => Err(self.mismatch("a boolean")),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.integer(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.integer(number),
            Err(_) => Err(self.mismatch(number)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Err(self.mismatch(format!("{number:?}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match self.kind {
            Kind::Text => self.read(Value::Text(text)),
            _ => Err(self.mismatch("a string")),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.mismatch("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        match self.kind {
            Kind::Custom => {
                let names = CustomReader(&self.path).read(map)?;
                self.read(Value::Custom(names))
            }
            _ => Err(self.mismatch("an object")),
        }
    }
}
