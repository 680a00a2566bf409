//! A request that cannot be read names the argument by its path, in any format that has names.

use conversation_settings_core::{ConversationReq, Field, Kind, SetConversationsRequest};
use serde::Deserialize;
use serde_json::{Value, json};

#[track_caller]
fn refused(request: &Value) -> String {
    SetConversationsRequest::deserialize(request).expect_err("it is refused").to_string()
}

/// Values of each type of JSON, with their names in an error.
fn values() -> [(Value, &'static str); 9] {
    [
        (json!(true), "a boolean"),
        (json!(7), "7"),
        (json!(-7), "-7"),
        (json!(1.5), "1.5"),
        (json!("secret"), "a string"),
        (json!([]), "a list"),
        (json!({}), "an object"),
        (json!(i64::MAX), "9223372036854775807"),
        (json!(u64::MAX), "18446744073709551615"),
    ]
}

/// Whether a client may send `value` for an argument of `kind`.
fn fits(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Bool => value.is_boolean(),
        Kind::I32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        Kind::I64 | Kind::Timestamp => value.is_i64(),
        Kind::Text => value.is_string(),
        Kind::Custom => value.is_object(),
    }
}

fn arguments() -> impl Iterator<Item = (&'static str, Kind)> {
    let settings = Field::ALL.iter().filter(|field| field.is_client()).map(|field| (field.wire_name(), field.kind()));
    let ids = ["conversationID", "userID", "groupID"].map(|name| (name, Kind::Text));
    settings.chain(ids).chain([("conversationType", Kind::I32)])
}

#[test]
fn names_the_argument_of_another_type() {
    for (name, kind) in arguments() {
        for (value, got) in values() {
            let request = json!({ "conversation": { name: value } });
            if fits(&value, kind) {
                assert!(serde_json::from_value::<SetConversationsRequest>(request).is_ok(), "{name}: {value}");
            } else {
                assert_eq!(refused(&request), format!("conversation.{name}: must be {kind}, got {got}"));
            }
        }
    }
}

#[test]
fn names_the_user_of_another_type() {
    for (value, got) in values().into_iter().chain([(Value::Null, "null")]) {
        if !value.is_string() {
            let request = json!({ "userIDs": ["a", "b", value, 1] });
            assert_eq!(refused(&request), format!("userIDs[2]: must be a string, got {got}"));
        }
        if !value.is_array() && !value.is_null() {
            assert_eq!(refused(&json!({ "userIDs": value })), format!("userIDs: must be a list, got {got}"));
        }
        if !value.is_object() && !value.is_null() {
            let expected = format!("conversation: must be an object, got {got}");
            assert_eq!(refused(&json!({ "conversation": value })), expected);
        }
    }
    assert_eq!(refused(&json!({ "userIDs": {} })), "userIDs: must be a list, got an object");
}

#[test]
fn names_the_argument_that_occurs_twice() {
    for (name, _) in arguments() {
        let error =
            serde_json::from_str::<ConversationReq>(&format!(r#"{{"{name}":null,"{name}":null}}"#)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("duplicate field `{name}`")), "{error}");
    }
}

#[test]
fn ignores_other_names_and_reads_no_list_as_an_object() {
    for other in Field::ALL.iter().filter(|field| !field.is_client()).map(|field| field.wire_name()).chain(["", "x"]) {
        let request = json!({ other: { "isPinned": [1] }, "isPinned": 1 });
        let request: ConversationReq = serde_json::from_value(request).unwrap();
        assert_eq!(request, serde_json::from_value(json!({ "isPinned": true })).unwrap());
    }
    let error = serde_json::from_value::<ConversationReq>(json!(["sg_team", 3])).unwrap_err();
    assert_eq!(error.to_string(), "invalid type: sequence, expected an object");
}
