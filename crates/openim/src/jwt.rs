//! JSON Web Tokens signed with a secret.
//!
//! Written with `hmac` and `sha2` rather than a JWT library: a library adds RSA and elliptic curves, reads the system's
//! clock, and does not distinguish an unsigned token from a malformed one, as OpenIM's clients expect.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use sha2::{Sha256, Sha384, Sha512};

use crate::{Claims, TokenError};

/// A secret, prepared for each algorithm.
#[derive(Clone)]
pub(crate) struct Keys {
    hs256: Hmac<Sha256>,
    hs384: Hmac<Sha384>,
    hs512: Hmac<Sha512>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Whether the header names extensions that a reader must understand. This one understands none.
    #[serde(default, rename = "crit", deserialize_with = "is_present")]
    has_critical: bool,
}

fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl Keys {
    pub(crate) fn new(secret: &[u8]) -> Self {
        const ANY: &str = "HMAC accepts a key of any length";
        Self {
            hs256: Hmac::new_from_slice(secret).expect(ANY),
            hs384: Hmac::new_from_slice(secret).expect(ANY),
            hs512: Hmac::new_from_slice(secret).expect(ANY),
        }
    }

    /// Signs by HS256.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let claims = serde_json::to_vec(claims).expect("claims are strings and numbers");
        let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.hs256.clone().chain_update(&token).finalize();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_bytes(), &mut token);
        token
    }

    /// The claims of `token`, if HS256, HS384 or HS512 signed it with the secret.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        // All parts are decoded before the signature is checked: a malformed token has a code of its own.
        let header: Header = decode(header)?;
        let claims = decode(claims)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        let is_signed = match header.alg.as_str() {
            "HS256" => is_signed(&self.hs256, signed, &signature),
            "HS384" => is_signed(&self.hs384, signed, &signature),
            "HS512" => is_signed(&self.hs512, signed, &signature),
            _ => return Err(TokenError::Algorithm),
        };
        if header.has_critical {
            return Err(TokenError::Critical);
        }
        if is_signed { Ok(claims) } else { Err(TokenError::Signature) }
    }
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

/// Compares in constant time.
fn is_signed<M: Mac + Clone>(key: &M, signed: &str, signature: &[u8]) -> bool {
    key.clone().chain_update(signed).verify_slice(signature).is_ok()
}
