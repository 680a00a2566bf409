//! Compresses what does not change, once.

use std::io::Write;

use axum::{
    body::Bytes,
    http::{HeaderMap, header::ACCEPT_ENCODING},
};
use flate2::{Compression, write::GzEncoder};

/// Whether the client accepts gzip.
pub(crate) fn is_accepted(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_gzip && weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

/// `bytes`, compressed as far as gzip can.
pub(crate) fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let compressed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    compressed.expect("memory accepts every byte").into()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn accepts_gzip_unless_its_weight_is_zero() {
        let accepted = |value| is_accepted(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]));
        for value in ["gzip", "GZIP", "br, gzip", "deflate,gzip;q=0.5", "gzip ; q=1.000"] {
            assert!(accepted(value), "{value}");
        }
        for value in ["", "br", "identity", "gzip;q=0", "gzip; q=0.000", "gzip;q=x", "gzipped"] {
            assert!(!accepted(value), "{value}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
