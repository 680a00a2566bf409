//! Invalid requests: rejected by path, without a write, and without harm to the router.

use axum::{Router, body::Body, http::StatusCode};
use conversation_settings_core::{Field, Kind, Patch, Value as Setting};
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, token};

const SET: &str = "/conversation/set_conversations";

/// A valid request.
fn valid() -> Value {
    let conversation = json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "ex": "x" });
    json!({ "userIDs": ["a", "b"], "conversation": conversation })
}

/// A valid request with another value in its `conversation`.
fn with(name: &str, value: Value) -> Value {
    let mut request = valid();
    request["conversation"][name] = value;
    request
}

/// A router that has rejected every request so far.
struct Rejecting {
    router: Router,
    admin: String,
}

impl Rejecting {
    fn new() -> Self {
        Self { router: router(), admin: token(ADMIN) }
    }

    /// Expects `ArgsError` with `detail`.
    async fn rejects(&self, body: impl Into<Body>, detail: &str) {
        let (status, text) = send(&self.router, request(SET, &self.admin, body)).await;
        let envelope: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (status, &envelope["errCode"], &envelope["errMsg"]),
            (StatusCode::OK, &json!(1001), &json!("ArgsError"))
        );
        assert_eq!(envelope["errDlt"], detail);
        assert_eq!(envelope.get("data"), None, "a failure has no data");
    }

    async fn rejects_json(&self, body: &Value, detail: &str) {
        self.rejects(body.to_string(), detail).await;
    }

    /// Expects that nothing was written and that the next valid request succeeds.
    async fn end(self) {
        for owner in ["a", "b", "c"] {
            let own = json!({ "ownerUserID": owner });
            let read = call(&self.router, "/conversation/get_all_conversations", &self.admin, &own).await;
            assert_eq!(read["data"], json!({ "conversations": [] }), "{owner}");
        }
        assert_eq!(call(&self.router, SET, &self.admin, &valid()).await["errCode"], 0);
    }
}

#[tokio::test]
async fn rejects_bodies_that_are_no_json_object() {
    let rejecting = Rejecting::new();
    let nested = format!("{{\"userIDs\":{}", "[".repeat(20_000));
    let deep_in_unknown = format!("{{\"x\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    for (body, detail) in [
        ("", "body: is empty"),
        (" \n", "body: is empty"),
        ("{\"userIDs\":[\"a\"", "body: cannot be parsed as JSON: EOF while parsing a list"),
        ("[]", "body: must be a JSON object"),
        ("\"set\"", "body: must be a JSON object"),
        ("7", "body: must be a JSON object"),
        ("null", "body: must be a JSON object"),
        ("true", "body: must be a JSON object"),
        ("set", "body: must be a JSON object"),
        ("\u{feff}{}", "body: begins with a byte order mark (BOM): send UTF-8 without it"),
        ("\"{}\"", "body: must be a JSON object, got a string that contains one: encode it once"),
        ("userIDs=a&dryRun=true", "body: must be a JSON object"),
        ("{set}", "body: cannot be parsed as JSON: key must be a string"),
        (&nested, "body: cannot be parsed as JSON: recursion limit exceeded"),
        // Unknown fields are skipped without recursion.
        (&deep_in_unknown, "userIDs: is required"),
        ("{\"userIDs\":[],\"userIDs\":[]}", "body: duplicate field `userIDs` at line 1 column "),
    ] {
        let (_, text) = send(&rejecting.router, request(SET, &rejecting.admin, body.to_owned())).await;
        assert!(text.contains(detail), "{detail}: {text}");
        assert!(text.starts_with(r#"{"errCode":1001,"errMsg":"ArgsError","errDlt":""#), "{text}");
    }
    let trailing = format!("{} x", valid());
    let (_, text) = send(&rejecting.router, request(SET, &rejecting.admin, trailing)).await;
    assert!(text.contains("body: cannot be parsed as JSON: trailing characters"), "{text}");
    rejecting.end().await;
}

#[tokio::test]
async fn names_encodings_and_compression_of_bodies() {
    let rejecting = Rejecting::new();
    let text = valid().to_string();
    let utf_16 = |mark: &[u8], encode: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), text.encode_utf16().flat_map(encode).collect()].concat()
    };
    let is_utf_16 = "body: is in UTF-16: send UTF-8";
    let at = text.find("\"x\"").unwrap() + 1;
    let latin_1 = [&text.as_bytes()[..at], b"\xe9", &text.as_bytes()[at + 1..]].concat();
    let not_utf_8 = format!("body: cannot be parsed as JSON: is not UTF-8 from byte {at} on");
    for (body, detail) in [
        (utf_16(b"\xff\xfe", u16::to_le_bytes), is_utf_16),
        (utf_16(b"", u16::to_le_bytes), is_utf_16),
        (utf_16(b"\xfe\xff", u16::to_be_bytes), is_utf_16),
        (utf_16(b"", u16::to_be_bytes), is_utf_16),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0".to_vec(), "body: is compressed with gzip: send it uncompressed"),
        (b"\x78\x9c\xab\xae\x05\0".to_vec(), "body: is compressed with zlib (deflate): send it uncompressed"),
        (b"\x28\xb5\x2f\xfd\x04\0".to_vec(), "body: is compressed with zstd: send it uncompressed"),
        (["\u{feff}", &text].concat().into_bytes(), "body: begins with a byte order mark (BOM): send UTF-8 without it"),
        (latin_1, &not_utf_8),
    ] {
        rejecting.rejects(body, detail).await;
    }
    rejecting.end().await;
}

#[tokio::test]
async fn rejects_large_bodies_with_and_without_content_length() {
    let rejecting = Rejecting::new();
    let detail = "body: must be at most 16777216 bytes";
    let large = vec![b' '; 40 * 1024 * 1024];
    rejecting.rejects(large.clone(), detail).await;
    let pieces = large.chunks(1024 * 1024).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    rejecting.rejects(Body::from_stream(futures_util::stream::iter(pieces)), detail).await;
    rejecting.end().await;
}

#[tokio::test]
async fn rejects_settings_of_a_wrong_type_by_path() {
    let rejecting = Rejecting::new();
    for field in Field::ALL.iter().filter(|field| field.is_client()) {
        let wrong = match field.kind() {
            Kind::Bool => vec![
                json!(2),
                json!(-1),
                json!(1.0),
                json!("true"),
                json!("1"),
                json!([]),
                json!([true]),
                json!({ "value": true }),
            ],
            Kind::I32 => {
                vec![json!(1.5), json!("1"), json!(true), json!([1]), json!({}), json!(i64::MAX), json!(1e300)]
            }
            Kind::I64 | Kind::Timestamp => {
                vec![json!(1.5), json!("1"), json!(true), json!([1]), json!({}), json!(u64::MAX), json!(1e300)]
            }
            Kind::Text => vec![json!(1), json!(true), json!([]), json!({ "value": "" })],
            Kind::Custom => vec![json!(1), json!(true), json!([]), json!("x"), json!(0.5)],
        };
        for value in wrong {
            let body = with(field.wire_name(), value.clone());
            let envelope = call(&rejecting.router, SET, &rejecting.admin, &body).await;
            assert_eq!(envelope["errCode"], 1001, "{field}: {value}");
            let detail = envelope["errDlt"].as_str().unwrap();
            let expected = format!("conversation.{field}: must be {}, got ", field.kind());
            assert!(detail.starts_with(&expected), "{value}: {detail}");
        }
    }
    rejecting.end().await;
}

#[tokio::test]
async fn rejects_settings_out_of_range_by_path() {
    let rejecting = Rejecting::new();
    for &field in Field::ALL.iter().filter(|field| field.is_client()) {
        let mut rejected = 0;
        for number in [i64::MIN, i64::from(i32::MIN), -1, 99, i64::from(i32::MAX), i64::MAX] {
            let value = match (field.kind(), i32::try_from(number)) {
                (Kind::I32, Ok(number)) => Setting::I32(number),
                (Kind::I64, _) => Setting::I64(number),
                _ => continue,
            };
            if let Err(error) = Patch::KEEP.with(field, value) {
                rejecting.rejects_json(&with(field.wire_name(), json!(number)), &format!("conversation.{error}")).await;
                rejected += 1;
            }
        }
        let is_number = matches!(field.kind(), Kind::I32 | Kind::I64);
        assert_eq!(is_number, rejected > 0, "{field} has a range if it is a number");
    }
    let long = "x".repeat(65_537);
    for field in Field::ALL.iter().filter(|field| field.is_client() && field.kind() == Kind::Text) {
        let detail = format!("conversation.{field}: must be at most 65536 bytes, got 65537");
        rejecting.rejects_json(&with(field.wire_name(), json!(long)), &detail).await;
    }
    rejecting.end().await;
}

#[tokio::test]
async fn rejects_invalid_users_by_index() {
    let rejecting = Rejecting::new();
    let many: Vec<_> = (0..10_001).map(|n| format!("u{n}")).collect();
    for (users, detail) in [
        (Value::Null, "userIDs: is required"),
        (json!([]), "userIDs: must not be empty"),
        (json!("a"), "userIDs: must be a list, got a string"),
        (json!({}), "userIDs: must be a list, got an object"),
        (json!(["a", null]), "userIDs[1]: must be a string, got null"),
        (json!(["a", 7]), "userIDs[1]: must be a string, got 7"),
        (json!(["a", ""]), "userIDs[1]: must not be empty"),
        (json!(["a\u{0}"]), "userIDs[0]: must not contain control characters, found one at byte 1"),
        (json!(["a\n"]), "userIDs[0]: must not contain control characters, found one at byte 1"),
        (json!(["x".repeat(100_000)]), "userIDs[0]: must be at most 256 bytes, got 100000"),
        (json!(many), "userIDs: must have at most 10000 entries, got 10001"),
    ] {
        let mut body = valid();
        body["userIDs"] = users;
        rejecting.rejects_json(&body, detail).await;
    }
    let mut body = valid();
    body.as_object_mut().unwrap().remove("userIDs");
    rejecting.rejects_json(&body, "userIDs: is required").await;
    rejecting.end().await;
}

#[tokio::test]
async fn rejects_invalid_conversations_by_path() {
    let rejecting = Rejecting::new();
    for (name, value, detail) in [
        ("conversationID", Value::Null, "conversation.conversationID: is required"),
        ("conversationID", json!(""), "conversation.conversationID: must not be empty"),
        ("conversationID", json!(7), "conversation.conversationID: must be a string, got 7"),
        (
            "conversationID",
            json!("x".repeat(1_025)),
            "conversation.conversationID: must be at most 1024 bytes, got 1025",
        ),
        ("conversationType", Value::Null, "conversation.conversationType: is required"),
        ("conversationType", json!(0), "conversation.conversationType: must be one of 1, 2, 3, 4, got 0"),
        ("conversationType", json!(5), "conversation.conversationType: must be one of 1, 2, 3, 4, got 5"),
        ("conversationType", json!(99), "conversation.conversationType: must be one of 1, 2, 3, 4, got 99"),
        ("conversationType", json!(-1), "conversation.conversationType: must be one of 1, 2, 3, 4, got -1"),
        ("conversationType", json!("1"), "conversation.conversationType: must be a 32-bit integer, got a string"),
        ("groupID", Value::Null, "conversation.groupID: is required"),
        ("groupID", json!(""), "conversation.groupID: must not be empty"),
        (
            "isPrivateChat",
            json!(true),
            "conversation.isPrivateChat: may be true only in a single chat (conversationType 1)",
        ),
    ] {
        rejecting.rejects_json(&with(name, value), detail).await;
    }
    for (conversation, detail) in [
        (Value::Null, "conversation: is required"),
        (json!([]), "conversation: must be an object, got a list"),
        (json!("x"), "conversation: must be an object, got a string"),
        (json!({}), "conversation.conversationID: is required"),
    ] {
        let mut body = valid();
        body["conversation"] = conversation;
        rejecting.rejects_json(&body, detail).await;
    }
    let mut single = with("conversationType", json!(1));
    rejecting.rejects_json(&single, "conversation.userID: is required").await;
    single["conversation"]["userID"] = json!("");
    rejecting.rejects_json(&single, "conversation.userID: must not be empty").await;
    rejecting.end().await;
}

#[tokio::test]
async fn keeps_absent_and_null_settings_and_ignores_unknown_fields() {
    let (router, admin) = (router(), token(ADMIN));
    let mut body = valid();
    body["conversation"]["userID"] = json!("");
    body["unknown"] = json!([{}]);
    assert_eq!(call(&router, SET, &admin, &body).await["errCode"], 0);
    for field in Field::ALL {
        assert_eq!(call(&router, SET, &admin, &with(field.wire_name(), Value::Null)).await["errCode"], 0, "{field}");
    }
    let own = json!({ "ownerUserID": "a", "conversationID": "sg_g" });
    let read = call(&router, "/conversation/get_conversation", &admin, &own).await;
    assert_eq!(read["data"]["conversation"]["ex"], "x", "an ex of null was kept");
}

#[tokio::test]
async fn returns_ids_and_texts_byte_for_byte() {
    let (router, admin) = (router(), token(ADMIN));
    for text in ["$set", "a.b", "'; DROP TABLE conversations; --", "\"quoted\"", "🦀 ä \u{10ffff}", "</script>", "a  b"]
    {
        let conversation = json!({
            "conversationID": text, "conversationType": 3, "groupID": text,
            "ex": format!("{text}\u{0}\r\n\t"), "attachedInfo": text,
        });
        let body = json!({ "userIDs": [text], "conversation": conversation });
        assert_eq!(call(&router, SET, &admin, &body).await["errCode"], 0, "{text}");
        let own = json!({ "ownerUserID": text, "conversationID": text });
        let read = call(&router, "/conversation/get_conversation", &admin, &own).await["data"]["conversation"].take();
        for name in ["conversationID", "groupID", "ex", "attachedInfo"] {
            assert_eq!(read[name], conversation[name], "{name}");
        }
        assert_eq!(read["ownerUserID"], text);
    }
}
