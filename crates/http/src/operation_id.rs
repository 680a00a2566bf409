//! The ID that traces a call from end to end.

use std::sync::Arc;

use axum::http::HeaderMap;
use conversation_settings_openim::Code;

use crate::{ApiError, headers::at_most_once};

const HEADER: &str = "operationID";

/// The longest allowed, in bytes.
pub(crate) const MAX_BYTES: usize = 256;

/// The operation ID of a call. Every log line contains it and anybody can send it, so it must be printable and short.
pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Arc<str>, ApiError> {
    let invalid = |detail: String| ApiError::new(Code::Args, detail);
    at_most_once(headers, HEADER)?;
    let value = headers.get(HEADER).map_or(&b""[..], |value| value.as_bytes());
    if value.is_empty() {
        return Err(ApiError::new(Code::Args, "header must have operationID"));
    }
    if value.len() > MAX_BYTES {
        return Err(invalid(format!("header operationID: must be at most {MAX_BYTES} bytes, got {}", value.len())));
    }
    match std::str::from_utf8(value) {
        Ok(text) if value.iter().all(|byte| matches!(byte, b' '..=b'~')) => Ok(text.into()),
        _ => Err(invalid("header operationID: must be printable ASCII".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Arc<str>, String> {
        let headers = HeaderMap::from_iter([("operationid".parse().unwrap(), HeaderValue::from_bytes(bytes).unwrap())]);
        from_headers(&headers).map_err(|error| error.to_string())
    }

    #[test]
    fn accepts_printable_operation_ids_of_256_bytes() {
        assert_eq!(parse(b"1700000000000 ~").unwrap(), "1700000000000 ~".into());
        assert_eq!(parse(&[b'x'; MAX_BYTES]).unwrap().len(), MAX_BYTES);
        for (bytes, problem) in [
            (&b""[..], "header must have operationID"),
            (&[b'x'; MAX_BYTES + 1], "must be at most 256 bytes, got 257"),
            (b"a\tb", "must be printable ASCII"),
            ("ä".as_bytes(), "must be printable ASCII"),
            (b"\xff", "must be printable ASCII"),
        ] {
            let error = parse(bytes).unwrap_err();
            assert!(error.starts_with("ArgsError: ") && error.contains(problem), "{error}");
        }
    }

    #[test]
    fn rejects_a_call_without_operation_id() {
        assert_eq!(from_headers(&HeaderMap::new()).unwrap_err().to_string(), "ArgsError: header must have operationID");
    }
}
