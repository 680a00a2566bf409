//! Who gets in, and who does not.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use conversation_settings_core::Timestamp;
use conversation_settings_http::TokenAuthority;
use conversation_settings_service::Clock;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, token, tokens, user};

const OWN: &str = "/conversation/get_all_conversations";

/// The code, name and detail of the answer to a request.
async fn answer(request: Request<Body>) -> (StatusCode, Value, String) {
    let (status, text) = send(&router(), request).await;
    let envelope: Value = serde_json::from_str(&text).unwrap();
    (status, envelope["errCode"].clone(), format!("{}: {}", envelope["errMsg"], envelope["errDlt"]))
}

async fn code_of(token: &str) -> Value {
    answer(request(OWN, token, r#"{"ownerUserID":"a"}"#)).await.1
}

/// A token of any header and claims, signed by nobody.
fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".") + "."
}

/// A clock that stands.
#[derive(Debug)]
struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp(self.0)
    }
}

#[tokio::test]
async fn requires_an_operation_id_first() {
    for path in [OWN, "/auth/get_admin_token"] {
        let (status, code, told) = answer(Request::post(path).body(Body::from("nonsense")).unwrap()).await;
        assert_eq!((status, code), (StatusCode::OK, json!(1001)));
        assert_eq!(told, r#""ArgsError": "header must have operationID""#);
    }
}

#[tokio::test]
async fn requires_a_token() {
    for request in
        [Request::post(OWN).header("operationID", "1").body(Body::from("{}")).unwrap(), request(OWN, "", "{}")]
    {
        let (status, code, told) = answer(request).await;
        assert_eq!((status, code), (StatusCode::OK, json!(1001)));
        assert_eq!(told, r#""ArgsError": "header must have token""#);
    }
}

#[tokio::test]
async fn rejects_malformed_tokens() {
    let good = token("a");
    let platform_as_text = unsigned(&json!({ "alg": "HS256" }), &json!({ "UserID": "a", "PlatformID": "5", "exp": 1 }));
    for none in ["x", "a.b", "a.b.c", "a.b.c.d", &format!("Bearer {good}"), &good[1..], &platform_as_text] {
        assert_eq!(code_of(none).await, 1503, "{none}");
    }
}

#[tokio::test]
async fn rejects_unsigned_and_foreign_tokens() {
    let claims = json!({ "UserID": ADMIN, "PlatformID": 10, "exp": 99_999_999_999_i64 });
    for algorithm in ["none", "None", "RS256", ""] {
        assert_eq!(code_of(&unsigned(&json!({ "alg": algorithm }), &claims)).await, 1505, "{algorithm}");
    }
    assert_eq!(code_of(&unsigned(&json!({ "alg": "HS256" }), &claims)).await, 1505, "an empty signature");
    let foreign = TokenAuthority::new("another", [user(ADMIN)]).issue(&user(ADMIN), 10);
    assert_eq!(code_of(&foreign).await, 1505);
    // One's own claims under somebody else's signature.
    let (signed, signature) = (unsigned(&json!({ "alg": "HS256" }), &claims), token(ADMIN));
    let forged = format!("{signed}{}", signature.rsplit('.').next().unwrap());
    assert_eq!(code_of(&forged).await, 1505);
}

#[tokio::test]
async fn rejects_expired_and_future_tokens() {
    let issued_at = |millis| tokens().with_clock(Arc::new(At(millis))).issue(&user("a"), 5);
    assert_eq!(code_of(&issued_at(0)).await, 1501, "long past");
    assert_eq!(code_of(&issued_at(99_999_999_999_000)).await, 1505, "made in the future");
    let foreign = TokenAuthority::new("another", []).with_clock(Arc::new(At(0))).issue(&user("a"), 5);
    assert_eq!(code_of(&foreign).await, 1505, "the signature is looked at first");
    let short = tokens().with_lifetime(Duration::from_mins(1));
    let (token, claims) = (short.issue(&user("a"), 5), short.verify(&short.issue(&user("a"), 5)));
    let claims = claims.unwrap();
    assert_eq!(claims.expires_at - claims.issued_at.unwrap(), 65, "backdated by five seconds, as OpenIM does");
    let at = |seconds: i64| short.clone().with_clock(Arc::new(At(seconds * 1_000))).verify(&token).is_ok();
    assert_eq!([at(claims.expires_at - 1), at(claims.expires_at)], [true, false]);
}

/// Signed with the secret `openIM123` by other code than ours, in the form that OpenIM gives a token.
const OPENIMS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJVc2VySUQiOiJhbGljZSIsIlBsYXRmb3JtSUQiOjUsImV4cCI6NDEwMjQ\
         0NDgwMCwiaWF0IjoxNzAwMDAwMDAwfQ.xG37F0QcQ_ebv14ZJK0G4cBrMuG0ZLT8kajDhiDNu-A";

/// The same user's, by another algorithm, with names in another case, and with more in it.
const IN_ANOTHER_FORM: &str = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VyaWQiOiJhbGljZSIsIlBMQVRGT1JNSUQiOjUsImV4cCI6NDEwMjQ\
         0NDgwMC43LCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6bnVsbCwieCI6WzFdfQ.UCzqWWivTSgzTISyDVSt7S9iUFcKlkarNmhk\
         hfFKYulVGR3AdGIV3eujSu65udXMsIi1JRXDonKm1QIeNAhOuA";

#[tokio::test]
async fn shares_tokens_with_openim() {
    let authority = TokenAuthority::new("openIM123", []);
    for token in [OPENIMS, IN_ANOTHER_FORM] {
        let claims = authority.verify(token).unwrap();
        assert_eq!((&*claims.user_id, claims.platform_id), ("alice", 5));
        assert_eq!((claims.expires_at, claims.issued_at), (4_102_444_800, Some(1_700_000_000)));
        assert_eq!(code_of(token).await, 1505, "another secret's");
    }
    // What OpenIM says in 1700000000, with the same secret, is what is said here, to the byte.
    let lifetime = Duration::from_secs(4_102_444_800 - 1_700_000_005);
    let then = authority.with_lifetime(lifetime).with_clock(Arc::new(At(1_700_000_005_000)));
    assert_eq!(then.issue(&user("alice"), 5), OPENIMS);
}

#[tokio::test]
async fn issues_admin_tokens_for_the_secret_only() {
    for (body, code) in [
        (json!({ "secret": "hush", "userID": ADMIN }), 0),
        (json!({ "secret": "wrong", "userID": ADMIN }), 1002),
        (json!({ "secret": "", "userID": ADMIN }), 1002),
        (json!({ "secret": "hush", "userID": "alice" }), 1002),
        (json!({ "secret": "hush" }), 1001),
        (json!({ "userID": ADMIN }), 1001),
    ] {
        assert_eq!(call(&router(), "/auth/get_admin_token", "", &body).await["errCode"], code, "{body}");
    }
}

#[tokio::test]
async fn issues_user_tokens_to_admins_only() {
    let path = "/auth/get_user_token";
    for (caller, body, code) in [
        (ADMIN, json!({ "userID": "alice", "platformID": 1 }), 0),
        ("alice", json!({ "userID": "alice", "platformID": 1 }), 1002),
        (ADMIN, json!({ "userID": ADMIN, "platformID": 1 }), 1002),
        (ADMIN, json!({ "userID": "alice", "platformID": 10 }), 1001),
        (ADMIN, json!({ "userID": "alice", "platformID": 12 }), 1001),
        (ADMIN, json!({ "userID": "alice", "platformID": 0 }), 1001),
        (ADMIN, json!({ "userID": "alice" }), 1001),
        (ADMIN, json!({ "userID": "", "platformID": 1 }), 1001),
    ] {
        assert_eq!(call(&router(), path, &token(caller), &body).await["errCode"], code, "{caller}: {body}");
    }
}

#[tokio::test]
async fn hides_conversations_of_other_users() {
    let router = router();
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": "mark-private" });
    let set = json!({ "userIDs": ["a"], "conversation": conversation });
    call(&router, "/conversation/set_conversations", &token(ADMIN), &set).await;
    let others = json!({ "ownerUserID": "a", "conversationID": "sg_g", "conversationIDs": ["sg_g"] });
    for path in ["get_conversation", "get_conversations", "get_all_conversations"] {
        let (_, text) = send(&router, request(&format!("/conversation/{path}"), &token("b"), others.to_string())).await;
        assert!(text.starts_with(r#"{"errCode":1002,"errMsg":"NoPermissionError","errDlt":"b: "#), "{path}: {text}");
        assert!(!text.contains("mark-private") && !text.contains("sg_g"), "{path}: {text}");
    }
}

#[tokio::test]
async fn answers_unknown_paths_and_methods_with_404() {
    let router = router().fallback(conversation_settings_http::not_found);
    for (method, path) in [
        (Method::POST, "/conversation/nothing"),
        (Method::POST, "/"),
        (Method::GET, "/conversation/set_conversations"),
        (Method::PUT, "/conversation/set_conversations"),
        (Method::DELETE, "/auth/get_admin_token"),
        (Method::POST, "/healthz"),
    ] {
        let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        let (status, text) = send(&router, request).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
        assert!(text.starts_with(r#"{"errCode":1004,"#), "{text}");
    }
}
