//! From bytes to a request, or to what is wrong with them.

use conversation_settings_core::{ArgsError, Kind, Path, Violation};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::ApiError;

/// The deepest nesting of lists and objects. A request needs two levels; this much is looked at without a stack overflow.
const MAX_DEPTH: usize = 100;

/// The request in `body`, which is one JSON object and nothing else.
pub(crate) fn decode<R: DeserializeOwned>(body: &[u8]) -> Result<R, ApiError> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let got = match first {
        Some(b'{') => None,
        None => return Err(wrong("", "is empty")),
        Some(b'[') => Some("a list"),
        Some(b'"') => Some("a string"),
        Some(b'n') => Some("null"),
        Some(b't' | b'f') => Some("a boolean"),
        Some(b'-' | b'0'..=b'9') => Some("a number"),
        Some(_) => return Err(wrong("", "is not JSON")),
    };
    if let Some(got) = got {
        return Err(wrong("", format!("must be an object, got {got}")));
    }
    if is_deeper_than(MAX_DEPTH, body) {
        return Err(wrong("", format!("must not be nested deeper than {MAX_DEPTH} levels")));
    }
    serde_json::from_slice(body).map_err(|error| explain::<R>(body, &error))
}

/// What is wrong with a body that cannot be read: read once more, it tells where.
fn explain<R: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    match error.classify() {
        Category::Data => {
            let again = serde_path_to_error::deserialize::<_, R>(&mut serde_json::Deserializer::from_slice(body));
            let path = again.err().map_or_else(String::new, |error| error.path().to_string());
            wrong(if path == "." { "" } else { &path }, problem(&error.to_string()))
        }
        Category::Eof => wrong("", "is not JSON: it ends too early"),
        Category::Syntax | Category::Io => wrong("", format!("is not JSON: {error}")),
    }
}

/// The problem in a message of serde's, in the words of this API, without the value: it may be long, or nobody's business.
fn problem(message: &str) -> String {
    if let Some((name, _)) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split_once('`')) {
        return format!("must not have {name} twice");
    }
    let found = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    // What was expected comes from the code; what was found, from the client, may read like anything.
    let Some((got, rest)) = found.and_then(|found| found.rsplit_once(", expected ")) else {
        return "cannot be read".to_owned();
    };
    let expected = rest.split(" at line ").next().unwrap_or(rest);
    format!("must be {}, got {}", expected_in_words(expected), got_in_words(got))
}

fn expected_in_words(expected: &str) -> String {
    match expected {
        "i32" => Kind::I32.to_string(),
        "i64" => Kind::I64.to_string(),
        "u64" => "a 64-bit integer of at least 0".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        _ if expected.starts_with("struct ") => "an object".to_owned(),
        _ => expected.to_owned(),
    }
}

fn got_in_words(got: &str) -> &str {
    let number = |prefix| got.strip_prefix(prefix).and_then(|rest: &str| rest.strip_suffix('`'));
    match got.split([' ', '`']).next() {
        Some("null") => "null",
        Some("boolean") => "a boolean",
        Some("string") => "a string",
        Some("sequence") => "a list",
        Some("map") => "an object",
        _ => number("integer `").or_else(|| number("floating point `")).unwrap_or("something else"),
    }
}

fn wrong(path: &str, problem: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ArgsError::new(Path::Decoded(path.to_owned()), Violation::Rule(problem.into())).into()
}

/// Whether lists and objects are nested deeper than `limit` in `json`.
fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    // Nearly always there are not even so many.
    if json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= limit {
        return false;
    }
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => (),
        }
        if depth > limit {
            return true;
        }
    }
    false
}
