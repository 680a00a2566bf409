//! From a body to a request.

mod explain;

use std::borrow::Cow;

use conversation_settings_core::{ArgsError, Path, Violation};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::ApiError;

/// The request in `body`, which must be one JSON object.
pub(crate) fn decode<R: DeserializeOwned>(body: &[u8]) -> Result<R, ApiError> {
    match body.trim_ascii_start().first() {
        None => return Err(invalid("", "is empty")),
        Some(b'{') => (),
        // Derived code would also accept an array.
        Some(_) => return Err(invalid("", "must be a JSON object")),
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => explain::explain::<R>(body, &error),
        Category::Syntax | Category::Eof | Category::Io => not_json(&error),
    })
}

fn not_json(error: &serde_json::Error) -> ApiError {
    invalid("", format!("cannot be parsed as JSON: {error}"))
}

fn invalid(path: &str, problem: impl Into<Cow<'static, str>>) -> ApiError {
    ArgsError::new(Path::Decoded(path.to_owned()), Violation::Rule(problem.into())).into()
}
