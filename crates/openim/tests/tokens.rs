//! Tokens: their period of validity, and the format that OpenIM shares.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{Timestamp, UserId};
use conversation_settings_openim::{Code, TokenAuthority};
use conversation_settings_service::Clock;

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
