//! Tokens: their period of validity, and the format that OpenIM shares.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use conversation_settings_core::{Timestamp, UserId};
use conversation_settings_openim::{Code, TokenAuthority, TokenError};
use conversation_settings_service::Clock;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A stopped clock.
#[derive(Debug)]
struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp(self.0)
    }
}

fn authority(secret: &str) -> TokenAuthority {
    TokenAuthority::new(secret, [])
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

/// The code with which an authority with the secret `hush` rejects `token`.
fn code_of(token: &str) -> Code {
    authority("hush").verify(token).unwrap_err().code()
}

#[test]
fn rejects_expired_and_future_tokens() {
    let issued_at = |secret, millis| authority(secret).with_clock(Arc::new(At(millis))).issue(&user("a"), 5);
    assert_eq!(code_of(&issued_at("hush", 0)), Code::TokenExpired);
    assert_eq!(code_of(&issued_at("hush", 99_999_999_999_000)), Code::TokenUnknown, "issued in the future");
    assert_eq!(code_of(&issued_at("another", 0)), Code::TokenUnknown, "the signature is checked first");

    let short = authority("hush").with_lifetime(Duration::from_secs(60));
    let token = short.issue(&user("a"), 5);
    let claims = short.verify(&token).unwrap();
    assert_eq!(claims.expires_at - claims.issued_at.unwrap(), 65, "backdated by five seconds, as OpenIM does");
    let at = |seconds: i64| short.clone().with_clock(Arc::new(At(seconds * 1_000))).verify(&token).is_ok();
    assert_eq!([at(claims.expires_at - 1), at(claims.expires_at)], [true, false]);
}

#[test]
fn tolerates_clocks_that_differ_by_a_minute() {
    let now = 1_700_000_000;
    let reader = authority("hush").with_clock(Arc::new(At(now * 1_000)));
    // The issuer backdates by five seconds.
    let issued_ahead = |seconds: i64| {
        let issuer = authority("hush").with_clock(Arc::new(At((now + 5 + seconds) * 1_000)));
        reader.verify(&issuer.issue(&user("a"), 5)).map(|_| ())
    };
    assert_eq!(issued_ahead(60), Ok(()));
    assert_eq!(issued_ahead(61), Err(TokenError::IssuedInFuture));
    let valid_ahead = |seconds: i64| reader.verify(&signed(&claims(now + 1, now + seconds))).map(|_| ());
    assert_eq!(valid_ahead(60), Ok(()));
    assert_eq!(valid_ahead(61), Err(TokenError::NotValidYet));
    // The end is exact: a token is not valid for longer than its issuer means.
    assert_eq!(reader.verify(&signed(&claims(now, now))).unwrap_err(), TokenError::Expired);
}

#[test]
fn verifies_tokens_of_a_previous_secret_without_signing_by_it() {
    let old = authority("old");
    let new = authority("new").with_previous_secret("older").with_previous_secret("old");
    let of_old = old.issue(&user("alice"), 5);
    assert_eq!(new.verify(&of_old).unwrap().user_id, "alice");
    let of_new = new.issue(&user("alice"), 5);
    assert!(new.verify(&of_new).is_ok());
    assert_eq!(old.verify(&of_new).unwrap_err(), TokenError::Signature, "the new secret signs");
    assert_eq!(authority("new").verify(&of_old).unwrap_err(), TokenError::Signature, "the rotation has ended");
    assert!(new.has_secret("new") && !new.has_secret("old"), "the old secret gets no new token");
    let expired = old.with_clock(Arc::new(At(0))).issue(&user("a"), 5);
    assert_eq!(new.verify(&expired).unwrap_err(), TokenError::Expired);
    assert_eq!(new.verify("x.y").unwrap_err(), TokenError::Malformed);
}

#[test]
fn rejects_critical_headers() {
    for header in [
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"crit":"exp","alg":"HS256"}"#,
    ] {
        let token = signed_with(header, &claims(4_102_444_800, 0));
        assert_eq!(authority("hush").verify(&token).unwrap_err(), TokenError::Critical, "{header}");
        assert_eq!(code_of(&token), Code::TokenUnknown);
    }
    assert!(authority("hush").verify(&signed(&claims(4_102_444_800, 0))).is_ok());
}

fn claims(expires_at: i64, not_before: i64) -> String {
    format!(r#"{{"UserID":"a","PlatformID":5,"exp":{expires_at},"nbf":{not_before}}}"#)
}

fn signed(claims: &str) -> String {
    signed_with(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

/// A token with any header, signed with the secret `hush`.
fn signed_with(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = Hmac::<Sha256>::new_from_slice(b"hush").unwrap().chain_update(&signed).finalize();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
}

/// A token in OpenIM's format, signed with the secret `openIM123` by other code.
const OPENIMS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJVc2VySUQiOiJhbGljZSIsIlBsYXRmb3JtSUQiOjUsImV4cCI6NDEwMjQ\
         0NDgwMCwiaWF0IjoxNzAwMDAwMDAwfQ.xG37F0QcQ_ebv14ZJK0G4cBrMuG0ZLT8kajDhiDNu-A";

/// The same claims signed by HS512, with names in another case and with additional claims.
const IN_ANOTHER_FORM: &str = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VyaWQiOiJhbGljZSIsIlBMQVRGT1JNSUQiOjUsImV4cCI6NDEwMjQ\
         0NDgwMC43LCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6bnVsbCwieCI6WzFdfQ.UCzqWWivTSgzTISyDVSt7S9iUFcKlkarNmhk\
         hfFKYulVGR3AdGIV3eujSu65udXMsIi1JRXDonKm1QIeNAhOuA";

#[test]
fn shares_tokens_with_openim() {
    let openim = authority("openIM123");
    for token in [OPENIMS, IN_ANOTHER_FORM] {
        let claims = openim.verify(token).unwrap();
        assert_eq!((&*claims.user_id, claims.platform_id), ("alice", 5));
        assert_eq!((claims.expires_at, claims.issued_at), (4_102_444_800, Some(1_700_000_000)));
        assert_eq!(code_of(token), Code::TokenUnknown, "another secret");
    }
    // At the same time and with the same secret, both issue the same token, byte for byte.
    let lifetime = Duration::from_secs(4_102_444_800 - 1_700_000_005);
    let then = openim.with_lifetime(lifetime).with_clock(Arc::new(At(1_700_000_005_000)));
    assert_eq!(then.issue(&user("alice"), 5), OPENIMS);
}
