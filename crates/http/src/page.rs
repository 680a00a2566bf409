//! A page that many requests share.

use std::sync::{Arc, OnceLock};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY},
    },
    response::Response,
};

use crate::gzip;

/// A page in memory. It is compressed at most once, when the first client accepts that. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Page {
    inner: Arc<Inner>,
}

struct Inner {
    headers: HeaderMap,
    plain: Bytes,
    compressed: OnceLock<Bytes>,
}

impl Page {
    pub(crate) fn new(headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>, plain: impl Into<Bytes>) -> Self {
        let vary = (VARY, HeaderValue::from_name(ACCEPT_ENCODING));
        let headers = headers.into_iter().chain([vary]).collect();
        Self { inner: Arc::new(Inner { headers, plain: plain.into(), compressed: OnceLock::new() }) }
    }

    /// The response to a request with `headers`.
    pub(crate) fn response(&self, headers: &HeaderMap) -> Response {
        let Inner { headers: own, plain, compressed } = &*self.inner;
        let is_compressed = gzip::is_accepted(headers);
        let bytes = if is_compressed { compressed.get_or_init(|| gzip::compress(plain)) } else { plain };
        let mut response = Response::new(Body::from(bytes.clone()));
        *response.headers_mut() = own.clone();
        if is_compressed {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}
