//! The primitive values of settings, as on the wire and in a column.

use core::fmt;

use serde::Deserialize;

use crate::{CustomPatch, Replaced, Text, Timestamp};

mod boolean;

/// The kind of a [`Value`], and of a column that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an adapter must have a column type for each kind")]
pub enum Kind {
    /// True or false.
    Bool,
    /// A 32-bit signed integer.
    I32,
    /// A 64-bit signed integer.
    I64,
    /// A moment: a 64-bit signed integer of milliseconds since the epoch.
    Timestamp,
    /// Unicode text of any length, U+0000 allowed.
    Text,
    /// Names with scalar values, of the host's own: a JSON object. A change of it merges by name.
    Custom,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a boolean",
            Self::I32 => "a 32-bit integer",
            Self::I64 => "a 64-bit integer",
            Self::Timestamp => "a timestamp",
            Self::Text => "a string",
            Self::Custom => "an object",
        })
    }
}

/// One setting as a primitive. With it an adapter binds a setting, and a host writes it, without naming the field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an adapter must bind each kind")]
pub enum Value<'a> {
    /// True or false.
    Bool(bool),
    /// A 32-bit signed integer.
    I32(i32),
    /// A 64-bit signed integer.
    I64(i64),
    /// A moment, in milliseconds since the epoch.
    Timestamp(i64),
    /// Unicode text of any length, U+0000 allowed.
    Text(&'a str),
    /// The host's own settings, each with a value; in a patch or a filter, `None` stands for the absence of a name.
    Custom(CustomPatch),
}

impl Value<'_> {
    /// The kind of this value.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) => Kind::Bool,
            Self::I32(_) => Kind::I32,
            Self::I64(_) => Kind::I64,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Text(_) => Kind::Text,
            Self::Custom(_) => Kind::Custom,
        }
    }
}

impl serde::Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::I32(value) => serializer.serialize_i32(*value),
            Self::I64(value) | Self::Timestamp(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Custom(names) => names.serialize(serializer),
        }
    }
}

/// The values of its kind that a setting accepts, for a description of it. [`Setting::parse`] checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepts {
    /// All values.
    Any,
    /// This number and all above it.
    AtLeast(i64),
    /// These numbers only, each with its meaning.
    OneOf(&'static [(i32, &'static str)]),
}

/// Why a setting does not accept a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A number below the range.
    #[error("must be at least {least}, got {got}")]
    TooSmall {
        /// The least allowed number.
        least: i64,
        /// The number found.
        got: i64,
    },
    /// A number without a meaning in an enumerated setting.
    #[error("must be one of {allowed}, got {got}")]
    NotOneOf {
        /// The allowed numbers.
        allowed: &'static str,
        /// The number found.
        got: i64,
    },
    /// A value of another kind than the setting.
    #[error("must be {expected}, got {got}")]
    WrongKind {
        /// The setting's kind.
        expected: Kind,
        /// The kind found.
        got: Kind,
    },
    /// A stored name of the host's own settings without a value.
    #[error("must have a value for each name")]
    NullInCustom,
}

pub(crate) mod sealed {
    /// Keeps other crates from implementing a trait.
    pub trait Sealed {}
}

/// A Rust type that a setting can have: a primitive on the wire and in a store, and always valid in between. Sealed.
pub trait Setting: sealed::Sealed + Clone + PartialEq {
    /// The primitive on the wire and in a column.
    type Raw: Primitive;

    /// The primitives that are accepted.
    const ACCEPTS: Accepts = Accepts::Any;

    /// The unit of a number, such as `seconds`.
    const UNIT: Option<&'static str> = None;

    /// Checks a primitive.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when it is out of range.
    fn parse(raw: Self::Raw) -> Result<Self, ValueError>;

    /// The value as a primitive.
    fn value(&self) -> Value<'_>;

    /// Checks a primitive of unknown kind, such as one read from a column.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when it is of another kind or out of range.
    fn from_value(value: Value<'_>) -> Result<Self, ValueError> {
        let wrong = ValueError::WrongKind { expected: Self::Raw::KIND, got: value.kind() };
        Self::parse(Self::Raw::of(value).ok_or(wrong)?)
    }
}

/// One of the Rust types behind [`Value`]. Sealed.
pub trait Primitive: sealed::Sealed + Sized + serde::de::DeserializeOwned {
    /// The kind of the type.
    const KIND: Kind;

    /// Reads a primitive as OpenIM's clients send it, for `serde(deserialize_with)`: `null` is `None`, and a boolean may be
    /// 0 or 1.
    ///
    /// # Errors
    ///
    /// The deserializer's, for a value of another kind.
    fn or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }

    /// The primitive in `value`, if it is of this type.
    fn of(value: Value<'_>) -> Option<Self>;
}

macro_rules! primitive {
    (
        $type:ty, $kind:ident, $raw:ident => $owned:expr, $value:ident => $borrowed:expr
        $(, unit $unit:literal)? $(, or_null $or_null:path)?
    ) => {
        impl sealed::Sealed for $type {}

        impl Primitive for $type {
            const KIND: Kind = Kind::$kind;

            fn of(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::$kind($raw) => Some($owned),
                    _ => None,
                }
            }

            $(
                fn or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                    $or_null(deserializer)
                }
            )?
        }

        impl Replaced for $type {}

        impl Setting for $type {
            type Raw = Self;

            $( const UNIT: Option<&'static str> = Some($unit); )?

            fn parse(raw: Self) -> Result<Self, ValueError> {
                Ok(raw)
            }

            fn value(&self) -> Value<'_> {
                let $value = self;
                Value::$kind($borrowed)
            }
        }
    };
}

primitive!(bool, Bool, raw => raw, value => *value, or_null boolean::or_null);
primitive!(i32, I32, raw => raw, value => *value);
primitive!(i64, I64, raw => raw, value => *value);
primitive!(Timestamp, Timestamp, raw => Timestamp(raw), value => value.0, unit "milliseconds since the epoch");
primitive!(Text, Text, raw => Text::from(raw), value => value);
