//! From bytes to requests.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version},
};
use conversation_settings_core::UserId;
use futures_util::stream;

use crate::server::TOKENS;

/// The most requests that one input may have: what follows is not sent.
const MAX_REQUESTS: usize = 8;

/// A request, as often as it is needed.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The path of the server's own that it is for.
    pub(crate) path: Option<&'static str>,
    /// All of it, as it is in the input.
    pub(crate) raw: &'a [u8],
    headers: HeaderMap,
    body: &'a [u8],
    pieces: Pieces,
}

/// How the body comes.
#[derive(Clone, Copy, Debug, Default)]
struct Pieces {
    /// The size of each, where it does not come in one.
    size: Option<usize>,
    /// Whether the connection breaks after them.
    is_broken: bool,
}

/// The requests in `data`, to a server of these `paths`. What cannot be sent at all is left out.
pub(crate) fn read<'a>(data: &'a [u8], paths: &'a [&'static str]) -> impl Iterator<Item = Sent<'a>> {
    parts(data, b"\n===\n").take(MAX_REQUESTS).filter_map(|raw| Sent::read(raw, paths))
}

impl<'a> Sent<'a> {
    fn read(raw: &'a [u8], paths: &[&'static str]) -> Option<Self> {
        let (head, body) = cut(raw, b"\n\n");
        let (first, rest) = cut(head, b"\n");
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
            match cut(line, b": ") {
                (b"pieces", said) => pieces = Pieces::read(said),
                (name, value) => {
                    headers.insert(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
                }
            }
        }
        Some(Self { method, uri, path, raw, headers, body, pieces })
    }

    /// The request itself.
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
    fn read(said: &[u8]) -> Self {
        let (size, how) = cut(said, b" ");
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

/// The path that is meant: one that is written out, or else, so that most of what the fuzzer draws gets somewhere, one of
/// the server's own.
fn path_of<'a>(word: &'a str, paths: &[&'a str]) -> &'a str {
    let sum: usize = word.bytes().map(usize::from).sum();
    if word.starts_with('/') { word } else { paths[sum % paths.len()] }
}

/// The token of the user of this name.
fn token_of(name: &str) -> Option<HeaderValue> {
    let token = TOKENS.issue(&UserId::new(name).ok()?, 1);
    token.try_into().ok()
}

/// What is before `mark`, and what is behind it.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    match bytes.windows(mark.len()).position(|window| window == mark) {
        Some(at) => (&bytes[..at], &bytes[at + mark.len()..]),
        None => (bytes, b""),
    }
}

/// What is between the `mark`s.
fn parts<'a>(bytes: &'a [u8], mark: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut left = Some(bytes);
    std::iter::from_fn(move || {
        let (part, rest) = cut(left?, mark);
        left = left.filter(|left| left.len() > part.len()).map(|_| rest);
        Some(part)
    })
}
