//! The settings of its own that a host declares.

use conversation_settings_core::{ArgsError, CustomPatch, Patch, SetConversations};
use conversation_settings_service::{CustomSetting, CustomSettingError, CustomSettings, ServiceError};
use conversation_settings_store::{Filter, PageRequest};

use crate::setup::{admin, id, of, service, team, user, users};

fn declared() -> CustomSettings {
    let names = CustomSettings::new().declare("folder", CustomSetting::integer(0..=99)).unwrap();
    names.declare("vip", CustomSetting::boolean().admin_only()).unwrap()
}

fn folder(number: i64) -> CustomPatch {
    CustomPatch::KEEP.set("folder", number).unwrap()
}

#[track_caller]
fn detail<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> String {
    let Err(ServiceError::Args(error)) = result else { panic!("{result:?}") };
    let _: &ArgsError = &error;
    error.to_string()
}

#[tokio::test]
async fn checks_declared_settings_in_each_call_that_sets() {
    let (_store, builder) = service();
    let service = builder.custom(declared()).build();
    let set = |custom| SetConversations::group(&team()).users(&users(&["a"])).patch(Patch::KEEP.custom(custom)).build();
    let owners = users(&["a"]);
    let wrong = [
        (folder(100), "conversation.custom.folder: must be an integer from 0 to 99, got 100"),
        (CustomPatch::KEEP.set("color", 1).unwrap(), "conversation.custom.color: is not a setting of this server"),
        (CustomPatch::KEEP.remove("color").unwrap(), "conversation.custom.color: is not a setting of this server"),
    ];
    for (custom, expected) in wrong {
        let checked = set(custom.clone()).unwrap();
        assert_eq!(detail(service.preview(&admin(), &checked).await), expected);
        assert_eq!(detail(service.set(&admin(), checked).await), expected);
        let fields = service.set_fields(&admin(), &id("sg_team"), &owners, Patch::KEEP.custom(custom)).await;
        assert_eq!(detail(fields), expected);
    }
    let vip = set(CustomPatch::KEEP.set("vip", true).unwrap()).unwrap();
    let expected = "conversation.custom.vip: may be set by an administrator alone";
    assert_eq!(detail(service.set(&of("a"), vip.clone()).await), expected);
    service.set(&admin(), vip).await.unwrap();
    service.set(&of("a"), set(folder(7)).unwrap()).await.unwrap();
    service.set_fields(&admin(), &id("sg_team"), &owners, Patch::KEEP.custom(folder(8))).await.unwrap();

    let filter = Filter::is(Patch::KEEP.custom(folder(8)));
    let listed = service.list(&of("a"), &user("a"), &filter, &PageRequest::first(10)).await.unwrap().conversations;
    assert_eq!(serde_json::to_string(&listed[0].settings.custom).unwrap(), r#"{"folder":8,"vip":true}"#);
}

#[tokio::test]
async fn accepts_nothing_without_a_declaration() {
    let (_store, builder) = service();
    let service = builder.build();
    let fields = service.set_fields(&admin(), &id("sg_team"), &users(&["a"]), Patch::KEEP.custom(folder(8))).await;
    assert_eq!(detail(fields), "conversation.custom.folder: is not a setting of this server");
}

#[tokio::test]
async fn names_the_argument_if_a_conversation_has_too_many_names() {
    let names = |declared: CustomSettings, from: u32| {
        (from..from + 64).try_fold(declared, |names, n| names.declare(&format!("n{n}"), CustomSetting::boolean()))
    };
    let set = |n: u32| {
        let custom = CustomPatch::KEEP.set(format!("n{n}").as_str(), true).unwrap();
        SetConversations::group(&team()).users(&users(&["a"])).patch(Patch::KEEP.custom(custom)).build().unwrap()
    };
    // Names of an earlier declaration stay stored.
    let (store, builder) = service();
    let before = builder.custom(names(CustomSettings::new(), 0).unwrap()).build();
    for n in 0..64 {
        before.set(&of("a"), set(n)).await.unwrap();
    }
    let after = conversation_settings_service::Service::builder(store);
    let after = after.custom(names(CustomSettings::new(), 64).unwrap()).build();
    let expected =
        "conversation.custom: conversation sg_team of a would have 65 names in custom; at most 64 are allowed";
    assert_eq!(detail(after.set(&of("a"), set(64)).await), expected);
    assert_eq!(names(names(CustomSettings::new(), 0).unwrap(), 64), Err(CustomSettingError::TooMany));
}

#[test]
fn reads_declarations_from_json() {
    let json = r#"{
        "theme": { "type": "text", "maxBytes": 16, "default": "light" },
        "folder": { "type": "integer", "minimum": 0, "maximum": 99 },
        "vip": { "type": "boolean", "setBy": "admin" },
        "any": { "type": "integer" }
    }"#;
    let expected = CustomSettings::new()
        .declare("theme", CustomSetting::text(16).default_value("light").unwrap())
        .and_then(|names| names.declare("folder", CustomSetting::integer(0..=99)))
        .and_then(|names| names.declare("vip", CustomSetting::boolean().admin_only()))
        .and_then(|names| names.declare("any", CustomSetting::integer(i64::MIN..=i64::MAX)));
    let read: CustomSettings = serde_json::from_str(json).unwrap();
    assert_eq!(Ok(&read), expected.as_ref());
    let none = conversation_settings_core::Custom::EMPTY;
    assert_eq!(read.value(&none, "theme"), Some(&"light".try_into().unwrap()));
    assert_eq!((read.value(&none, "folder"), read.value(&none, "other")), (None, None));
    assert!(serde_json::from_str::<CustomSettings>("{}").unwrap().is_empty());
}

#[test]
fn names_what_is_wrong_in_a_declaration_and_where() {
    for (json, expected) in [
        ("[]", "invalid type: sequence, expected an object of settings at line 1"),
        ("{\n\"a.b\": {}}", "the name \"a.b\" must be 1 to 64 letters, digits, _ and - at line 2 column 5"),
        (
            "{\n\"a\": {\"type\":\"float\"}}",
            "a: unknown variant `float`, expected one of `boolean`, `integer`, `text` at line 2",
        ),
        ("{\n\"a\": {}}", "a: missing field `type` at line 2"),
        ("{\n\"a\": {\"type\":\"text\",\"max\":1}}", "a: unknown field `max`, expected one of `type`, `minimum`"),
        (
            "{\n\"a\": {\"type\":\"text\",\"maximum\":1}}",
            "a: minimum and maximum belong to the type integer alone at line 2",
        ),
        ("{\n\"a\": {\"type\":\"integer\",\"maxBytes\":1}}", "a: maxBytes belongs to the type text alone at line 2"),
        ("{\n\"a\": {\"type\":\"boolean\",\"maxBytes\":1}}", "a: maxBytes belongs to the type text alone at line 2"),
        (
            "{\n\"a\": {\"type\":\"integer\",\"minimum\":2,\"maximum\":1}}",
            "a: minimum must not be above maximum at line 2",
        ),
        (
            "{\n\"a\": {\"type\":\"integer\",\"maximum\":1,\"default\":2}}",
            "a: the default must be an integer from -9223372036854775808 to 1, got 2 at line 2",
        ),
        (
            "{\n\"a\": {\"type\":\"boolean\",\"default\":\"x\"}}",
            "a: the default must be a boolean, got a string at line 2",
        ),
        ("{\"a\": {\"type\":\"boolean\"},\n\"a\": {\"type\":\"text\"}}", "a: is declared twice at line 2"),
    ] {
        let error = serde_json::from_str::<CustomSettings>(json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{json}: {error}");
        assert!(error.contains(" at line "), "{error}");
    }
}
