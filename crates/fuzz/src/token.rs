//! Tokens.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use conversation_settings_http::{Claims, Code, TokenAuthority};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::server::{NOW, SECRET, TOKENS, authority};

/// The seconds by which the clock of who signs may be ahead.
const LEEWAY: i64 = 60;

/// An authority with another secret.
static OTHER: LazyLock<TokenAuthority> = LazyLock::new(|| authority("another secret"));

/// Any text is rejected with a code for tokens, and so are signed claims out of their time. Accepted claims are the same
/// when they are signed again, and an authority with another secret rejects them.
///
/// # Panics
///
/// If one of these rules is broken.
pub fn token(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        verify(text);
    }
    let signed = sign(data);
    let Some(claims) = verify(&signed) else { return };
    assert!(NOW < claims.expires_at, "{claims:?} has expired");
    assert!(
        [claims.not_before, claims.issued_at].into_iter().flatten().all(|from| from <= NOW + LEEWAY),
        "{claims:?} is not valid yet"
    );

    let again = sign(&serde_json::to_vec(&claims).expect("claims serialize"));
    assert_eq!(verify(&again), Some(claims));
    for (authority, token) in [(&*OTHER, &*signed), (&*TOKENS, &signed[..signed.len() - 2])] {
        let error = authority.verify(token).expect_err("it is not signed with that secret");
        assert_ne!(error.code(), Code::TokenExpired, "without a valid signature, the time is not checked");
    }
}

/// The claims of an accepted token; a rejected one has a code for tokens.
fn verify(token: &str) -> Option<Claims> {
    TOKENS.verify(token).map_err(|failure| assert!(is_token_code(failure.code()), "{failure}")).ok()
}

const fn is_token_code(code: Code) -> bool {
    matches!(code, Code::TokenExpired | Code::TokenMalformed | Code::TokenNotValidYet | Code::TokenUnknown)
}

/// A token with `claims`, signed as the authority signs.
fn sign(claims: &[u8]) -> String {
    let text = [&br#"{"alg":"HS256"}"#[..], claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC accepts keys of any length");
    let signature = key.chain_update(&text).finalize().into_bytes();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
