//! Parses an input into requests.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version},
};
use conversation_settings_core::UserId;
use futures_util::stream;

use crate::server::TOKENS;

/// The most requests of one input; more are not sent.
const MAX_REQUESTS: usize = 8;

/// A request that can be sent repeatedly.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The route of the request, if the server has it.
    pub(crate) path: Option<&'static str>,
    /// The request as it is in the input.
    pub(crate) raw: &'a [u8],
    headers: HeaderMap,
    body: &'a [u8],
    pieces: Pieces,
}

/// How the body is sent.
#[derive(Clone, Copy, Debug, Default)]
struct Pieces {
    /// The size of each piece; `None` for one piece.
    size: Option<usize>,
    /// Whether the connection breaks after the pieces.
    is_broken: bool,
}

/// The requests in `data` to a server with these `paths`, without those that cannot be sent at all.
pub(crate) fn read<'a>(data: &'a [u8], paths: &'a [&'static str]) -> impl Iterator<Item = Sent<'a>> {
    parts(data, b"\n===\n").take(MAX_REQUESTS).filter_map(|raw| Sent::read(raw, paths))
}

impl<'a> Sent<'a> {
    fn read(raw: &'a [u8], paths: &[&'static str]) -> Option<Self> {
        let (head, body) = split(raw, b"\n\n");
        let (first, rest) = split(head, b"\n");
        let mut words = str::from_utf8(first).ok()?.split(' ');
        let method = words.next()?.parse().ok()?;
        let uri: Uri = path_of(words.next().unwrap_or_default(), paths).parse().ok()?;
        let path = paths.iter().copied().find(|path| *path == uri.path());
        let mut headers =
            HeaderMap::from_iter([(HeaderName::from_static("operationid"), HeaderValue::from_static("op"))]);
        if let Some(token) = words.next().and_then(token_of) {
            headers.insert("token", token);
        }
        let mut pieces = Pieces::default();
        for line in parts(rest, b"\n").filter(|line| !line.is_empty()) {
            match split(line, b": ") {
                (b"pieces", value) => pieces = Pieces::read(value),
                (name, value) => {
                    headers.insert(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
                }
            }
        }
        Some(Self { method, uri, path, raw, headers, body, pieces })
    }

    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::new(self.pieces.body(self.body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Pieces {
    fn read(value: &[u8]) -> Self {
        let (size, how) = split(value, b" ");
        let size = str::from_utf8(size).ok().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
        Self { size, is_broken: how == b"broken" }
    }

    fn body(self, bytes: &[u8]) -> Body {
        let bytes = Bytes::copy_from_slice(bytes);
        if self.size.is_none() && !self.is_broken {
            return bytes.into();
        }
        let size = self.size.unwrap_or(usize::MAX);
        let mut pieces: Vec<_> = bytes.chunks(size).map(|piece| Ok(bytes.slice_ref(piece))).collect();
        if self.is_broken {
            pieces.push(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        }
        Body::from_stream(stream::iter(pieces))
    }
}

/// The path as written, or one of the server's if it does not begin with a slash: most of the fuzzer's inputs then
/// reach a route.
fn path_of<'a>(word: &'a str, paths: &[&'a str]) -> &'a str {
    let sum: usize = word.bytes().map(usize::from).sum();
    if word.starts_with('/') { word } else { paths[sum % paths.len()] }
}

/// A token of the user `name`.
fn token_of(name: &str) -> Option<HeaderValue> {
    let token = TOKENS.issue(&UserId::new(name).ok()?, 1);
    token.try_into().ok()
}

/// The bytes before and after the first `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    match bytes.windows(mark.len()).position(|window| window == mark) {
        Some(at) => (&bytes[..at], &bytes[at + mark.len()..]),
        None => (bytes, b""),
    }
}

/// The parts between the `mark`s.
fn parts<'a>(bytes: &'a [u8], mark: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut left = Some(bytes);
    std::iter::from_fn(move || {
        let (part, rest) = split(left?, mark);
        left = left.filter(|left| left.len() > part.len()).map(|_| rest);
        Some(part)
    })
}
