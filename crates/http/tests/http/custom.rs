//! The host's own settings, from a request to the response and the event.

use std::sync::Arc;

use axum::Router;
use conversation_settings_http::Api;
use conversation_settings_service::{CustomSetting, CustomSettings, EventChannel, Service};
use conversation_settings_store_memory::MemoryStore;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, router, token, tokens};

const SET: &str = "/conversation/set_conversations";

fn declared() -> CustomSettings {
    let theme = CustomSetting::text(8).default_value("light").unwrap();
    let names = CustomSettings::new().declare("theme", theme).unwrap();
    let names = names.declare("folder", CustomSetting::integer(0..=99)).unwrap();
    names.declare("vip", CustomSetting::boolean().admin_only()).unwrap()
}

fn declaring() -> (Router, EventChannel) {
    let events = EventChannel::new(16);
    let service = Service::builder(Arc::new(MemoryStore::new())).custom(declared()).events(Arc::new(events.clone()));
    (Api::with_tokens(service.build(), tokens()).router(), events)
}

fn body(custom: &Value) -> Value {
    let conversation =
        json!({ "conversationID": "sg_g", "conversationType": 3, "groupID": "g", "isPinned": true, "custom": custom });
    json!({ "userIDs": ["a"], "conversation": conversation, "report": true })
}

async fn set(router: &Router, caller: &str, custom: Value) -> Value {
    call(router, SET, &token(caller), &body(&custom)).await
}

async fn stored(router: &Router) -> Value {
    let own = json!({ "ownerUserID": "a" });
    let all = call(router, "/conversation/get_all_conversations", &token(ADMIN), &own).await;
    all["data"]["conversations"][0]["custom"].clone()
}

#[tokio::test]
async fn merges_names_and_lists_them_in_the_report_and_the_event() {
    let (router, events) = declaring();
    let mut events = events.subscribe();
    assert_eq!(set(&router, "a", json!({ "theme": "dark" })).await["data"]["users"][0]["outcome"], "created");
    assert_eq!(stored(&router).await, json!({ "theme": "dark" }));
    let reported = set(&router, "a", json!({ "theme": "dark", "folder": 7 })).await;
    let user = &reported["data"]["users"][0];
    assert_eq!((&user["outcome"], &user["fields"]), (&json!("updated"), &json!(["custom.folder"])));
    let reported = set(&router, "a", json!({ "theme": null })).await;
    assert_eq!(reported["data"]["users"][0]["fields"], json!(["custom.theme"]));
    assert_eq!(stored(&router).await, json!({ "folder": 7 }));
    let repeated = set(&router, "a", json!({ "theme": null, "folder": 7 })).await;
    assert_eq!(repeated["data"]["users"][0]["outcome"], "unchanged");
    set(&router, "a", json!({ "folder": null })).await;
    assert_eq!(stored(&router).await, Value::Null, "no name, no field: OpenIM's conversations have none");

    let mut seen = Vec::new();
    for _ in 0..4 {
        let event = events.recv().await.unwrap();
        seen.push((event.values.names().collect::<Vec<_>>().join(","), json!(event.values)));
    }
    let expected = [
        ("isPinned,custom.theme", json!({ "isPinned": true, "custom": { "theme": "dark" } })),
        ("custom.folder", json!({ "custom": { "folder": 7 } })),
        ("custom.theme", json!({ "custom": { "theme": null } })),
        ("custom.folder", json!({ "custom": { "folder": null } })),
    ];
    assert_eq!(seen, expected.map(|(names, values)| (names.to_owned(), values)));
}

#[tokio::test]
async fn refuses_what_is_not_declared_by_its_path() {
    let (router, _events) = declaring();
    let long = "x".repeat(65);
    for (caller, custom, detail) in [
        (ADMIN, json!({ "color": 1 }), "conversation.custom.color: is not a setting of this server"),
        (ADMIN, json!({ "color": null }), "conversation.custom.color: is not a setting of this server"),
        (ADMIN, json!({ "folder": 100 }), "conversation.custom.folder: must be an integer from 0 to 99, got 100"),
        (ADMIN, json!({ "folder": -1 }), "conversation.custom.folder: must be an integer from 0 to 99, got -1"),
        (ADMIN, json!({ "folder": "7" }), "conversation.custom.folder: must be an integer from 0 to 99, got a string"),
        (ADMIN, json!({ "theme": "123456789" }), "conversation.custom.theme: must be at most 8 bytes, got 9"),
        (ADMIN, json!({ "theme": true }), "conversation.custom.theme: must be a string, got a boolean"),
        (ADMIN, json!({ "vip": 1 }), "conversation.custom.vip: must be a boolean, got 1"),
        ("a", json!({ "vip": true }), "conversation.custom.vip: may be set by an administrator alone"),
        ("a", json!({ "vip": null }), "conversation.custom.vip: may be set by an administrator alone"),
        (
            ADMIN,
            json!({ "theme": [] }),
            "conversation.custom.theme: must be a string, an integer or a boolean, got a list",
        ),
        (
            ADMIN,
            json!({ "theme": 0.5 }),
            "conversation.custom.theme: must be a string, an integer or a boolean, got 0.5",
        ),
        (ADMIN, json!({ "theme": "\0" }), "conversation.custom.theme: must not contain U+0000"),
        (ADMIN, json!({ "a.b": 1 }), "conversation.custom: the name \"a.b\" must be 1 to 64 letters, digits, _ and -"),
        (
            ADMIN,
            json!({ "$set": 1 }),
            "conversation.custom: the name \"$set\" must be 1 to 64 letters, digits, _ and -",
        ),
        (
            ADMIN,
            json!({ &*long: 1 }),
            &format!("conversation.custom: the name {:?} must be 1 to 64 letters, digits, _ and -", &long[..64]),
        ),
        (ADMIN, json!("x"), "conversation.custom: must be an object, got a string"),
    ] {
        let envelope = set(&router, caller, custom.clone()).await;
        assert_eq!((&envelope["errCode"], &envelope["errDlt"]), (&json!(1001), &json!(detail)), "{custom}");
    }
    assert_eq!(stored(&router).await, Value::Null, "nothing was written");
    assert_eq!(set(&router, ADMIN, json!({ "vip": true, "theme": "12345678" })).await["errCode"], 0);
}

#[tokio::test]
async fn accepts_no_name_without_a_declaration() {
    let router = router();
    for custom in [json!({ "theme": "dark" }), json!({ "theme": null })] {
        let envelope = set(&router, ADMIN, custom).await;
        assert_eq!(envelope["errCode"], 1001);
        assert_eq!(envelope["errDlt"], "conversation.custom.theme: is not a setting of this server");
    }
    for custom in [json!({}), Value::Null] {
        assert_eq!(set(&router, ADMIN, custom).await["errCode"], 0, "names nothing");
    }
    assert_eq!(stored(&router).await, Value::Null);
}

#[tokio::test]
async fn refuses_a_declared_name_beside_custom() {
    let (router, _) = declaring();
    for (pointer, path) in [("/conversation", "conversation.theme"), ("", "theme")] {
        let mut request = body(&json!({ "folder": 7 }));
        request.pointer_mut(pointer).unwrap()["theme"] = json!("dark");
        let answer = call(&router, SET, &token("a"), &request).await;
        assert_eq!(answer["errCode"], 1001, "{answer}");
        assert_eq!(answer["errDlt"], format!("{path}: belongs in conversation.custom"));
        assert_eq!(stored(&router).await, Value::Null, "nothing is written");
    }
    let mut request = body(&json!({ "folder": 7 }));
    request["conversation"]["draftText"] = json!("of OpenIM");
    assert_eq!(call(&router, SET, &token("a"), &request).await["errCode"], 0, "other names are ignored");
}
