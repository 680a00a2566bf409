//! JSON Web Tokens signed with a secret.
//!
//! By `hmac` and `sha2`, and not by a library of all that JSON Web Tokens can be: that one would bring RSA, elliptic
//! curves and a key parser, which nothing here needs and of which RSA has an open advisory; it asks the system for the
//! time, which is a parameter here; and it does not tell a token without a signature from one that is no token, as
//! OpenIM's clients have it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Sha256, Sha384, Sha512};

/// What signs and checks: a secret, prepared for each algorithm.
#[derive(Clone)]
pub(crate) struct Keys {
    hs256: Hmac<Sha256>,
    hs384: Hmac<Sha384>,
    hs512: Hmac<Sha512>,
}

/// Why a token is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtError {
    /// It is no token.
    Malformed,
    /// It is not signed by any of the algorithms.
    Algorithm,
    /// It is not signed with the secret.
    Signature,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl Keys {
    pub(crate) fn new(secret: &[u8]) -> Self {
        const ANY: &str = "a key of any length will do";
        Self {
            hs256: Hmac::new_from_slice(secret).expect(ANY),
            hs384: Hmac::new_from_slice(secret).expect(ANY),
            hs512: Hmac::new_from_slice(secret).expect(ANY),
        }
    }

    /// A token that says `claims`, signed by HS256.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, serde_json::Error> {
        let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = self.hs256.clone().chain_update(&token).finalize();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_bytes(), &mut token);
        Ok(token)
    }

    /// What `token` says, if it is signed with the secret by HS256, HS384 or HS512.
    pub(crate) fn open<C: DeserializeOwned>(&self, token: &str) -> Result<C, JwtError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        // Everything is read before anything is believed, so that what is no token is told from what is none of ours.
        let header: Header = part(header)?;
        let claims = part(claims)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwtError::Malformed)?;
        let is_ours = match header.alg.as_str() {
            "HS256" => verify(&self.hs256, signed, &signature),
            "HS384" => verify(&self.hs384, signed, &signature),
            "HS512" => verify(&self.hs512, signed, &signature),
            _ => return Err(JwtError::Algorithm),
        };
        if is_ours { Ok(claims) } else { Err(JwtError::Signature) }
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, JwtError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwtError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| JwtError::Malformed)
}

/// Compares in constant time.
fn verify<M: Mac + Clone>(key: &M, signed: &str, signature: &[u8]) -> bool {
    key.clone().chain_update(signed).verify_slice(signature).is_ok()
}
