//! Which value of a JSON document does not fit its request.
//!
//! `serde_json` reports that as text, which quotes the client's values. So a document that was rejected is read again, with an
//! error type that keeps what was expected apart from what was found.

use std::fmt;

use conversation_settings_core::Kind;
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, Error, Expected, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::{invalid, not_json};
use crate::ApiError;

/// The error for a body that `serde_json` rejected with `error`: where in the body, and why.
pub(super) fn explain<R: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    let json = match serde_json::from_slice(body) {
        Ok(json) => json,
        Err(error) => return not_json(body, &error),
    };
    match serde_path_to_error::deserialize::<_, R>(Json(json)) {
        // A `Value` keeps the last of equal names, so the error is about those. It names the field, and quotes no value.
        Ok(_) => invalid("", error.to_string()),
        Err(error) => {
            let path = error.path().to_string();
            let (path, problem) = error.into_inner().problem(&path);
            invalid(if path == "." { "" } else { path }, problem)
        }
    }
}

/// The message of a value that does not fit.
#[derive(Debug, thiserror::Error)]
enum Mismatch {
    #[error("{0}")]
    Type(String),
    /// The message of a type's own reader.
    #[error("{0}")]
    Custom(String),
}

impl Mismatch {
    /// What is wrong with the value at `path`, or with an object around it. The core's readers name the path and quote no
    /// text; other messages may.
    fn problem(self, path: &str) -> (&str, String) {
        match self {
            Self::Type(problem) => (path, problem),
            Self::Custom(message) => {
                let own = message.split_once(": ").and_then(|(own, problem)| {
                    let rest = path.strip_prefix(own)?;
                    (rest.is_empty() || rest.starts_with('.')).then(|| (&path[..own.len()], problem.to_owned()))
                });
                own.unwrap_or_else(|| (path, "is invalid".to_owned()))
            }
        }
    }
}

impl Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = match &*expected.to_string() {
            "i32" => Kind::I32.to_string(),
            "i64" => Kind::I64.to_string(),
            "u64" => "a 64-bit integer of at least 0".to_owned(),
            "a sequence" => "a list".to_owned(),
            text if text.starts_with("struct ") => "an object".to_owned(),
            text => text.to_owned(),
        };
        let found = match found {
            Unexpected::Unit => "null".to_owned(),
            Unexpected::Bool(_) => "a boolean".to_owned(),
            Unexpected::Str(_) => "a string".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "an object".to_owned(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Float(number) => format!("{number:?}"),
            _ => "something else".to_owned(),
        };
        Self::Type(format!("must be {expected}, got {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }
}

/// Reads a JSON value as `serde_json` does, but fails with a [`Mismatch`].
struct Json(Value);

impl<'de> Deserializer<'de> for Json {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(Json))),
            Value::Object(fields) => {
                visitor.visit_map(MapDeserializer::new(fields.into_iter().map(|(name, value)| (name, Json(value)))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Mismatch> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
