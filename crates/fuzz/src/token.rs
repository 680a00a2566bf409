//! What comes as a token.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use conversation_settings_http::{Claims, Code, TokenAuthority};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::server::{NOW, SECRET, TOKENS, authority};

/// An authority that has nothing to do with the first.
static STRANGER: LazyLock<TokenAuthority> = LazyLock::new(|| authority("another secret"));

/// Any text is refused by a code for tokens. So are claims that are signed rightly and out of their time; those that are
/// believed say the same when they are signed again, and nobody else believes them.
///
/// # Panics
///
/// When that does not hold.
pub fn token(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        is_believed_or_refused(text);
    }
    let signed = sign(data);
    let Some(claims) = is_believed_or_refused(&signed) else { return };
    assert!(NOW < claims.expires_at, "{claims:?} is over");
    assert!(
        [claims.not_before, claims.issued_at].into_iter().flatten().all(|from| from <= NOW),
        "{claims:?} is to come"
    );

    let again = sign(&serde_json::to_vec(&claims).expect("claims can be written"));
    assert_eq!(is_believed_or_refused(&again), Some(claims));
    for (authority, token) in [(&*STRANGER, &*signed), (&*TOKENS, &signed[..signed.len() - 2])] {
        let refused = authority.verify(token).expect_err("it is not signed with that secret");
        assert_ne!(refused.code(), Code::TokenExpired, "what is not signed tells nothing of time");
    }
}

/// What a token says.
fn is_believed_or_refused(token: &str) -> Option<Claims> {
    TOKENS.verify(token).map_err(|failure| assert!(is_of_tokens(failure.code()), "{failure}")).ok()
}

const fn is_of_tokens(code: Code) -> bool {
    matches!(code, Code::TokenExpired | Code::TokenMalformed | Code::TokenNotValidYet | Code::TokenUnknown)
}

/// A token that says `claims`, signed as the authority signs.
fn sign(claims: &[u8]) -> String {
    let text = [&br#"{"alg":"HS256"}"#[..], claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length will do");
    let signature = key.chain_update(&text).finalize().into_bytes();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
