//! The headers of a request, as [Standard Webhooks](https://www.standardwebhooks.com) defines them.

use conversation_settings_http_client::header::{HeaderMap, HeaderName, HeaderValue};

use crate::SigningKey;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A body, which every attempt to send it shares with its ID.
pub(crate) struct Message {
    id: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// A message whose ID contains `random`.
    pub(crate) fn new(body: Vec<u8>, random: u128) -> Self {
        Self { id: format!("msg_{random:032x}"), body }
    }

    /// The headers of an attempt at `now`, in seconds since the epoch. Without keys there is no signature.
    pub(crate) fn headers(&self, now: i64, keys: &[SigningKey]) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(ID, value(&self.id)), (TIMESTAMP, value(&now.to_string()))]);
        if !keys.is_empty() {
            let signatures: Vec<_> = keys.iter().map(|key| key.sign(&self.id, now, &self.body)).collect();
            headers.insert(SIGNATURE, value(&signatures.join(" ")));
        }
        headers
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("hexadecimal digits, numbers and base64 are header values")
}
