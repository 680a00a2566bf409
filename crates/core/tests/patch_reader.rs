//! A patch is read strictly: every error names its field.

use conversation_settings_core::{CustomPatch, Field, Kind, Patch, Value as Setting};
use serde_json::{Value, json};

fn read(json: Value) -> Result<Patch, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// A value that every field of the kind accepts.
fn valid(kind: Kind) -> Value {
    match kind {
        Kind::Bool => json!(true),
        Kind::I32 | Kind::I64 | Kind::Timestamp => json!(1),
        Kind::Text => json!("1"),
        Kind::Custom => json!({ "a": 1 }),
    }
}

#[test]
fn sets_each_field_by_its_wire_name() {
    for &field in Field::ALL {
        let patch = read(json!({ field.wire_name(): valid(field.kind()) })).unwrap();
        let value = match field.kind() {
            Kind::Bool => Setting::Bool(true),
            Kind::I32 => Setting::I32(1),
            Kind::I64 => Setting::I64(1),
            Kind::Timestamp => Setting::Timestamp(1),
            Kind::Text => Setting::Text("1"),
            Kind::Custom => Setting::Custom(CustomPatch::KEEP.set("a", 1).unwrap()),
        };
        assert_eq!(patch, Patch::KEEP.with(field, value).unwrap());
    }
}

#[test]
fn keeps_absent_and_null_fields_and_sets_zero_and_empty() {
    assert_eq!(read(json!({})), Ok(Patch::KEEP));
    for &field in Field::ALL {
        assert_eq!(read(json!({ field.wire_name(): null })), Ok(Patch::KEEP));
        let zero = match field.kind() {
            Kind::Bool => json!(false),
            Kind::I32 | Kind::I64 | Kind::Timestamp => json!(0),
            Kind::Text => json!(""),
            Kind::Custom => json!({}),
        };
        assert_eq!(read(json!({ field.wire_name(): zero })).unwrap().mask(), field.into());
    }
}

#[test]
fn names_the_field_if_a_name_is_unknown() {
    for &field in Field::ALL {
        for wrong in [field.wire_name().to_uppercase(), format!("{field}s"), format!(" {field}")] {
            let expected = format!("there is no field {wrong:?}");
            assert_eq!(read(json!({ &*wrong: valid(field.kind()) })), Err(expected.clone()));
            assert_eq!(read(json!({ &*wrong: null })), Err(expected), "null does not excuse the name");
        }
    }
    for known_elsewhere in ["conversationID", "conversationType", "userID", "groupID"] {
        assert_eq!(read(json!({ known_elsewhere: "x" })), Err(format!("there is no field {known_elsewhere:?}")));
    }
    let long = read(json!({ "x".repeat(1_000): 1 })).unwrap_err();
    assert!(long.len() < 100, "{long}");
}

#[test]
fn names_the_field_if_its_value_is_of_another_kind() {
    let all = [json!(true), json!(1), json!("1"), json!([]), json!({}), json!(1.5), json!(u64::MAX), json!(i64::MIN)];
    let named =
        ["a boolean", "1", "a string", "a list", "an object", "1.5", "18446744073709551615", "-9223372036854775808"];
    for &field in Field::ALL {
        let kind = field.kind();
        for (value, got) in all.iter().zip(named) {
            let is_of_kind = match kind {
                Kind::Bool => value.is_boolean(),
                Kind::I32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
                Kind::I64 | Kind::Timestamp => value.is_i64(),
                Kind::Text => value.is_string(),
                Kind::Custom => value.is_object(),
            };
            if !is_of_kind {
                let expected = format!("{field}: must be {kind}, got {got}");
                assert_eq!(read(json!({ field.wire_name(): value })), Err(expected));
            }
        }
    }
}

#[test]
fn names_the_field_if_its_value_is_out_of_range() {
    for &field in Field::ALL {
        let value = match field.kind() {
            Kind::I32 => Setting::I32(-1),
            Kind::I64 => Setting::I64(-1),
            Kind::Timestamp | Kind::Bool | Kind::Text | Kind::Custom => continue,
        };
        let Err(error) = Patch::KEEP.with(field, value) else { continue };
        let error = error.to_string();
        assert!(error.starts_with(&format!("{field}: ")));
        assert_eq!(read(json!({ field.wire_name(): -1 })), Err(error));
    }
}

#[test]
fn names_the_field_that_occurs_twice() {
    for &field in Field::ALL {
        for first in [Value::Null, valid(field.kind())] {
            let twice = format!(r#"{{"{field}":{first},"{field}":null}}"#);
            let error = serde_json::from_str::<Patch>(&twice).unwrap_err().to_string();
            assert!(error.starts_with(&format!("duplicate field `{field}`")), "{error}");
        }
    }
}

#[test]
fn rejects_what_is_no_object() {
    for json in [json!([]), json!([true]), json!("isPinned"), json!(null), json!(1)] {
        let error = read(json).unwrap_err();
        assert!(error.ends_with("expected an object of settings"), "{error}");
    }
}

#[test]
fn reads_a_field_inside_of_a_host_s_own_type() {
    #[derive(Debug, serde::Deserialize)]
    struct Edit {
        set: Patch,
    }

    let edit = json!({ "edit": { "set": { "burnDuration": -1 } } });
    let edit = <std::collections::BTreeMap<String, Edit> as serde::Deserialize>::deserialize(&edit);
    assert_eq!(edit.unwrap_err().to_string(), "burnDuration: must be at least 0, got -1");
    let edit: Edit = serde_json::from_str(r#"{"set":{"isPinn\u0065d":true}}"#).unwrap();
    assert_eq!(edit.set, Patch::KEEP.is_pinned(true), "a name may have an escape");
}
