//! The ID that traces a call from end to end.

use std::sync::Arc;

use axum::http::HeaderMap;
use conversation_settings_openim::Code;

use crate::{ApiError, headers::at_most_once};

const HEADER: &str = "operationID";

/// The longest allowed, in bytes.
pub(crate) const MAX_BYTES: usize = 256;

/// What happens to a call without the header.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AbsentOperationId {
    Refuse,
    Create,
}

/// The operation ID of a call. Every log line contains it and anybody can send it, so it must be printable and short.
pub(crate) fn from_headers(headers: &HeaderMap, absent: AbsentOperationId) -> Result<Arc<str>, ApiError> {
    let invalid = |detail: String| ApiError::new(Code::Args, detail);
    at_most_once(headers, HEADER)?;
    let value = headers.get(HEADER).map_or(&b""[..], |value| value.as_bytes());
    if value.is_empty() {
        return match absent {
            AbsentOperationId::Refuse => Err(ApiError::new(Code::Args, "header must have operationID")),
            AbsentOperationId::Create => random(),
        };
    }
    if value.len() > MAX_BYTES {
        return Err(invalid(format!("header operationID: must be at most {MAX_BYTES} bytes, got {}", value.len())));
    }
    match std::str::from_utf8(value) {
        Ok(text) if value.iter().all(|byte| matches!(byte, b' '..=b'~')) => Ok(text.into()),
        _ => Err(invalid("header operationID: must be printable ASCII".to_owned())),
    }
}

fn random() -> Result<Arc<str>, ApiError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(ApiError::internal)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)).into())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Arc<str>, String> {
        let headers = HeaderMap::from_iter([("operationid".parse().unwrap(), HeaderValue::from_bytes(bytes).unwrap())]);
        from_headers(&headers, AbsentOperationId::Refuse).map_err(|error| error.to_string())
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
        let refused = from_headers(&HeaderMap::new(), AbsentOperationId::Refuse).unwrap_err();
        assert_eq!(refused.to_string(), "ArgsError: header must have operationID");
    }

    #[test]
    fn creates_an_operation_id_where_it_may_be_absent() {
        let create = |headers: &HeaderMap| from_headers(headers, AbsentOperationId::Create);
        let [one, other] = [(); 2].map(|()| create(&HeaderMap::new()).unwrap());
        assert!(one.len() == 32 && one != other, "{one}, {other}");
        let with = |value| HeaderMap::from_iter([("operationid".parse().unwrap(), HeaderValue::from_static(value))]);
        assert_eq!(create(&with("")).unwrap().len(), 32);
        assert_eq!(&*create(&with("op-1")).unwrap(), "op-1");
        assert!(create(&with("a\tb")).is_err(), "a wrong one is not replaced");
    }
}
