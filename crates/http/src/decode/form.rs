//! What a body is that is no JSON object in UTF-8.

/// The signatures of encodings and compressed formats, each with its problem. The longer of two that begin alike is first.
const SIGNATURES: [(&[u8], &str); 10] = [
    (b"\xef\xbb\xbf", "begins with a byte order mark (BOM): send UTF-8 without it"),
    (b"\xff\xfe\0\0", UTF_32),
    (b"\0\0\xfe\xff", UTF_32),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"\x1f\x8b", "is compressed with gzip: send it uncompressed"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: send it uncompressed"),
    (b"\xfd7zXZ\0", "is compressed with xz: send it uncompressed"),
    (b"BZh", "is compressed with bzip2: send it uncompressed"),
    (b"PK\x03\x04", "is a ZIP archive: send the JSON uncompressed"),
];
const UTF_16: &str = "is in UTF-16: send UTF-8";
const UTF_32: &str = "is in UTF-32: send UTF-8";

/// The problem with a body that is recognized as something else than JSON in UTF-8.
pub(super) fn problem(body: &[u8]) -> Option<&'static str> {
    if let Some((_, problem)) = SIGNATURES.into_iter().find(|(signature, _)| body.starts_with(signature)) {
        return Some(problem);
    }
    match body {
        // A JSON text begins with two ASCII characters, and contains no NUL.
        [0, 0, 0, 1..=255, ..] | [1..=255, 0, 0, 0, ..] => Some(UTF_32),
        [0, 1..=255, ..] | [1..=255, 0, ..] => Some(UTF_16),
        [0x78, flags, ..] if is_zlib(*flags) && std::str::from_utf8(body).is_err() => {
            Some("is compressed with zlib (deflate): send it uncompressed")
        }
        _ if is_encoded_twice(body) => Some("must be a JSON object, got a string that contains one: encode it once"),
        _ => None,
    }
}

/// The check bits of zlib's header, whose first byte is `0x78`.
fn is_zlib(flags: u8) -> bool {
    (0x7800 + u16::from(flags)) % 31 == 0
}

fn is_encoded_twice(body: &[u8]) -> bool {
    let text = body.trim_ascii_start().strip_prefix(b"\"");
    text.is_some_and(|text| text.trim_ascii_start().starts_with(b"{"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_a_body_is() {
        let utf_16 =
            |encode: fn(u16) -> [u8; 2]| "{\"userIDs\":[]}".encode_utf16().flat_map(encode).collect::<Vec<_>>();
        let (le, be) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
        let with_mark = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        let utf_32: Vec<u8> = "{\"a\":1}".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        for (body, expected) in [
            ("\u{feff}{}".as_bytes().to_vec(), "byte order mark"),
            (with_mark(b"\xff\xfe", &le), "UTF-16"),
            (with_mark(b"\xfe\xff", &be), "UTF-16"),
            (le, "UTF-16"),
            (be, "UTF-16"),
            (utf_32.clone(), "UTF-32"),
            (with_mark(b"\0\0\xfe\xff", &utf_32), "UTF-32"),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0".to_vec(), "gzip"),
            (b"\x78\x9c\xab\xae\x05\0".to_vec(), "zlib"),
            (b"\x78\x01\x01\x02\0\xfd\xff{}".to_vec(), "zlib"),
            (b"\x28\xb5\x2f\xfd\x04\x00".to_vec(), "zstd"),
            (b"\xfd7zXZ\0\0".to_vec(), "xz"),
            (b"BZh9".to_vec(), "bzip2"),
            (b"PK\x03\x04".to_vec(), "ZIP"),
            (b" \"{\\\"userIDs\\\":[]}\"".to_vec(), "encode it once"),
        ] {
            assert!(problem(&body).is_some_and(|problem| problem.contains(expected)), "{expected}: {body:?}");
        }
    }

    #[test]
    fn names_nothing_in_other_bodies() {
        for body in
            ["", "{", "{}", "[]", "\"set\"", "set", "x^2 + 1", "userIDs=a", "\u{e9}", "7", "{\"a\":\"\u{feff}\"}"]
        {
            assert_eq!(problem(body.as_bytes()), None, "{body}");
        }
        assert_eq!(problem(b"{\xff"), None);
    }
}
