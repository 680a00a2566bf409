//! Invalid arguments of the routes other than `set_conversations`.

use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, token};

/// The routes, each with valid arguments.
fn calls() -> Vec<(&'static str, Value)> {
    let pagination = json!({ "pageNumber": 1, "showNumber": 20 });
    vec![
        ("get_conversation", json!({ "ownerUserID": "a", "conversationID": "c" })),
        ("get_conversations", json!({ "ownerUserID": "a", "conversationIDs": ["c"] })),
        ("get_all_conversations", json!({ "ownerUserID": "a" })),
        ("get_owner_conversation", json!({ "userID": "a", "pagination": pagination })),
        ("get_sorted_conversation_list", json!({ "userID": "a", "pagination": pagination, "conversationIDs": [] })),
        ("get_not_notify_conversation_ids", json!({ "userID": "a" })),
        ("get_pinned_conversation_ids", json!({ "userID": "a" })),
        ("get_full_conversation_ids", json!({ "userID": "a", "idHash": 0 })),
        ("get_incremental_conversations", json!({ "userID": "a", "versionID": "", "version": 0 })),
        ("delete_conversations", json!({ "ownerUserID": "a", "conversationIDs": ["c"] })),
        ("update_conversations_by_user", json!({ "userID": "a", "ex": "x" })),
    ]
}

async fn rejects(name: &str, body: &Value, detail: &str) {
    let envelope = call(&router(), &format!("/conversation/{name}"), &token(ADMIN), body).await;
    assert_eq!((&envelope["errCode"], &envelope["errMsg"]), (&json!(1001), &json!("ArgsError")), "{name}: {body}");
    assert_eq!(envelope["errDlt"], detail, "{name}: {body}");
}

#[tokio::test]
async fn rejects_missing_and_invalid_users() {
    for (name, valid) in calls() {
        let user = if valid.get("userID").is_some() { "userID" } else { "ownerUserID" };
        for (value, problem) in [
            (Value::Null, "is required"),
            (json!(""), "must not be empty"),
            (json!(7), "must be a string, got 7"),
            (json!(["a"]), "must be a string, got a list"),
            (json!("a\u{7f}"), "must not contain control characters, found one at byte 1"),
            (json!("x".repeat(257)), "must be at most 256 bytes, got 257"),
        ] {
            let mut body = valid.clone();
            body[user] = value;
            rejects(name, &body, &format!("{user}: {problem}")).await;
        }
    }
}

#[tokio::test]
async fn hides_data_of_other_users_from_every_route() {
    for (name, body) in calls() {
        let path = format!("/conversation/{name}");
        let (_, text) = send(&router(), request(&path, &token("b"), body.to_string())).await;
        let envelope =
            r#"{"errCode":1002,"errMsg":"NoPermissionError","errDlt":"b: may only use their own conversations"}"#;
        assert_eq!(text, envelope, "{name}");
    }
}

#[tokio::test]
async fn rejects_invalid_pages() {
    for name in ["get_owner_conversation", "get_sorted_conversation_list"] {
        for (pagination, detail) in [
            (Value::Null, "pagination: is required"),
            (json!({}), "pagination.pageNumber: is required"),
            (json!({ "pageNumber": 0, "showNumber": 1 }), "pagination.pageNumber: must be at least 1, got 0"),
            (json!({ "pageNumber": -1, "showNumber": 1 }), "pagination.pageNumber: must be at least 1, got -1"),
            (json!({ "pageNumber": 1, "showNumber": -1 }), "pagination.showNumber: must be at least 0, got -1"),
            (
                json!({ "pageNumber": 1_i64 << 40, "showNumber": 1 }),
                "pagination.pageNumber: must be a 32-bit integer, got 1099511627776",
            ),
            (json!({ "pageNumber": "1" }), "pagination.pageNumber: must be a 32-bit integer, got a string"),
        ] {
            rejects(name, &json!({ "userID": "a", "pagination": pagination }), detail).await;
        }
    }
}

#[tokio::test]
async fn rejects_long_and_invalid_lists_of_ids() {
    let many: Vec<_> = (0..10_001).map(|n| format!("c{n}")).collect();
    for name in ["get_conversations", "delete_conversations"] {
        for (ids, detail) in [
            (json!(many), "conversationIDs: must have at most 10000 entries, got 10001"),
            (json!(["c", ""]), "conversationIDs[1]: must not be empty"),
            (json!(["c", null]), "conversationIDs[1]: must be a string, got null"),
            (json!("c"), "conversationIDs: must be a list, got a string"),
        ] {
            rejects(name, &json!({ "ownerUserID": "a", "conversationIDs": ids }), detail).await;
        }
    }
    for ids in [Value::Null, json!([])] {
        let problem = if ids.is_null() { "is required" } else { "must not be empty" };
        let body = json!({ "ownerUserID": "a", "conversationIDs": ids });
        rejects("get_conversations", &body, &format!("conversationIDs: {problem}")).await;
    }
}

#[tokio::test]
async fn rejects_numbers_out_of_range() {
    for (name, field) in [("get_full_conversation_ids", "idHash"), ("get_incremental_conversations", "version")] {
        for (value, got) in [(json!(-1), "-1"), (json!("1"), "a string"), (json!(1.5), "1.5")] {
            let detail = format!("{field}: must be a 64-bit integer of at least 0, got {got}");
            rejects(name, &json!({ "userID": "a", field: value }), &detail).await;
        }
    }
}

#[tokio::test]
async fn rejects_a_deletion_by_both_or_by_unknown_days() {
    for (body, detail) in [
        (json!({ "ownerUserID": "a" }), "conversationIDs: is required"),
        (json!({ "ownerUserID": "a", "conversationIDs": [] }), "conversationIDs: must not be empty"),
        (
            json!({ "ownerUserID": "a", "conversationIDs": [], "needDeleteTime": 3 }),
            "needDeleteTime: is not supported: this server does not know when messages were sent; use conversationIDs",
        ),
        (
            json!({ "ownerUserID": "a", "conversationIDs": ["c"], "needDeleteTime": 3 }),
            "needDeleteTime: must not be set beside conversationIDs",
        ),
        (json!({ "ownerUserID": "a", "needDeleteTime": -3 }), "needDeleteTime: must be at least 1, got -3"),
        (
            json!({ "ownerUserID": "a", "needDeleteTime": 3 }),
            "needDeleteTime: is not supported: this server does not know when messages were sent; use conversationIDs",
        ),
    ] {
        rejects("delete_conversations", &body, detail).await;
    }
}

#[tokio::test]
async fn rejects_a_long_extension() {
    let body = json!({ "userID": "a", "ex": "x".repeat(65_537) });
    rejects("update_conversations_by_user", &body, "ex: must be at most 65536 bytes, got 65537").await;
}
