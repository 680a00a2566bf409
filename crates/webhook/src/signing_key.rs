//! Signatures of requests, as [Standard Webhooks](https://www.standardwebhooks.com) defines them.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a key begins with.
const PREFIX: &str = "whsec_";

/// The bytes of a key.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that signs requests to a webhook, which the receiver has too. It is written `whsec_` and 24 to 64 bytes in base64.
///
/// Its `Debug` output omits the key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

/// The text is not a [`SigningKey`]. The message does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key must be whsec_ and 24 to 64 bytes in base64: whsec_$(openssl rand -base64 32)")]
#[non_exhaustive]
pub struct SigningKeyError;

impl FromStr for SigningKey {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, SigningKeyError> {
        let key = text.trim().strip_prefix(PREFIX).ok_or(SigningKeyError)?;
        let key = STANDARD.decode(key).map_err(|_| SigningKeyError)?;
        if BYTES.contains(&key.len()) { Ok(Self(key)) } else { Err(SigningKeyError) }
    }
}

impl SigningKey {
    /// The signature of a request: its ID, the time in seconds since the epoch, and its body.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC accepts a key of any length");
        let signature = key.chain_update(format!("{id}.{timestamp}.")).chain_update(body).finalize();
        format!("v1,{}", STANDARD.encode(signature.as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn signs_like_the_reference() {
        let key: SigningKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn accepts_keys_of_24_to_64_bytes() {
        for (bytes, is_valid) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
            let text = format!("whsec_{}\n", STANDARD.encode(vec![7; bytes]));
            assert_eq!(text.parse::<SigningKey>().is_ok(), is_valid, "{bytes}");
        }
    }

    #[test]
    fn refuses_other_texts_without_repeating_them() {
        let plain = STANDARD.encode([7; 32]);
        for text in ["", "hush", "whsec_hush", &plain, &format!("whsec_{plain}!"), &format!("WHSEC_{plain}")] {
            let error = text.parse::<SigningKey>().unwrap_err().to_string();
            assert_eq!(error, "a key must be whsec_ and 24 to 64 bytes in base64: whsec_$(openssl rand -base64 32)");
        }
        let key: SigningKey = format!("whsec_{plain}").parse().unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(…)");
    }
}
