//! Names that a client misspelt or put in the wrong place: refused, never dropped.

use axum::Router;
use conversation_settings_core::Field;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, token};

const SET: &str = "/conversation/set_conversations";

fn valid() -> Value {
    json!({ "userIDs": ["a"], "conversation": { "conversationID": "sg_g", "conversationType": 3, "groupID": "g" } })
}

/// `name` in other ways to write it.
fn misspelt(name: &str) -> Vec<String> {
    let (first, rest) = name.split_at(1);
    let snake: String = name.chars().flat_map(|c| [c.is_uppercase().then_some('_'), Some(c)]).flatten().collect();
    let bare = name.strip_prefix("is").unwrap_or(name);
    let (bare_first, bare_rest) = bare.split_at(1);
    let mut names = vec![
        format!("{}{rest}", first.to_uppercase()),
        name.to_lowercase(),
        name.to_uppercase(),
        snake.to_lowercase(),
        snake.to_lowercase().replace('_', "-"),
        format!("{}{bare_rest}", bare_first.to_lowercase()),
        format!("is{}{bare_rest}", bare_first.to_uppercase()),
        format!(" {name}"),
        format!("{name}_"),
    ];
    names.retain(|other| other != name);
    names
}

async fn stored(router: &Router) -> Value {
    call(router, "/conversation/get_all_conversations", &token(ADMIN), &json!({ "ownerUserID": "a" })).await["data"]
        .take()
}

async fn refuses(router: &Router, path: &str, body: &Value, detail: &str) {
    let envelope = call(router, path, &token(ADMIN), body).await;
    assert_eq!((&envelope["errCode"], &envelope["errDlt"]), (&json!(1001), &json!(detail)), "{body}");
}

#[tokio::test]
async fn refuses_misspelt_settings_by_their_right_name() {
    let router = router();
    for field in Field::ALL.iter().filter(|field| field.is_client()) {
        for name in misspelt(field.wire_name()) {
            let mut body = valid();
            body["conversation"]["ex"] = json!("x");
            body["conversation"][&name] = Value::Null;
            refuses(&router, SET, &body, &format!("conversation.{name}: write {field}")).await;
        }
    }
    assert_eq!(stored(&router).await, json!({ "conversations": [] }));
}

#[tokio::test]
async fn refuses_misspelt_arguments_of_every_request() {
    let router = router();
    let page = json!({ "pageNumber": 1, "showNumber": 20 });
    let calls = [
        (
            "/conversation/set_conversations",
            json!({ "userIDs": [], "conversation": {}, "report": true, "dryRun": true }),
        ),
        ("/conversation/get_conversation", json!({ "ownerUserID": "a", "conversationID": "c" })),
        ("/conversation/get_conversations", json!({ "ownerUserID": "a", "conversationIDs": ["c"] })),
        ("/conversation/get_all_conversations", json!({ "ownerUserID": "a" })),
        ("/conversation/get_owner_conversation", json!({ "userID": "a", "pagination": page })),
        (
            "/conversation/get_sorted_conversation_list",
            json!({ "userID": "a", "pagination": page, "conversationIDs": [] }),
        ),
        ("/conversation/get_not_notify_conversation_ids", json!({ "userID": "a" })),
        ("/conversation/get_pinned_conversation_ids", json!({ "userID": "a" })),
        ("/conversation/get_full_conversation_ids", json!({ "userID": "a", "idHash": 0 })),
        ("/conversation/get_incremental_conversations", json!({ "userID": "a", "versionID": "", "version": 0 })),
        (
            "/conversation/delete_conversations",
            json!({ "ownerUserID": "a", "conversationIDs": ["c"], "needDeleteTime": 0 }),
        ),
        ("/conversation/update_conversations_by_user", json!({ "userID": "a", "ex": "x" })),
        ("/auth/get_admin_token", json!({ "secret": "x", "userID": "a" })),
        ("/auth/get_user_token", json!({ "userID": "a", "platformID": 5 })),
    ];
    let paths =
        conversation_settings_http::Api::with_tokens(crate::harness::service(), crate::harness::tokens()).paths();
    for path in paths.into_iter().filter(|path| path.starts_with("/conversation/") || path.starts_with("/auth/")) {
        assert!(calls.iter().any(|(called, _)| *called == path), "{path} is called");
    }
    for (path, valid) in calls {
        for name in valid.as_object().unwrap().keys() {
            for wrong in misspelt(name) {
                let mut body = valid.clone();
                let value = body.as_object_mut().unwrap().remove(name).unwrap();
                body[&wrong] = value;
                refuses(&router, path, &body, &format!("{wrong}: write {name}")).await;
            }
        }
    }
}

#[tokio::test]
async fn refuses_arguments_at_the_wrong_level() {
    let router = router();
    for (level, name, detail) in [
        ("/conversation", "dryRun", "conversation.dryRun: belongs at the top level"),
        ("/conversation", "dry_run", "conversation.dry_run: write dryRun at the top level"),
        ("/conversation", "report", "conversation.report: belongs at the top level"),
        ("/conversation", "userIDs", "conversation.userIDs: write userID, or userIDs at the top level"),
        ("", "userID", "userID: write userIDs, or userID in conversation"),
        ("", "user_id", "user_id: write userIDs, or userID in conversation"),
        ("", "isPinned", "isPinned: belongs in conversation"),
        ("", "pinned", "pinned: write isPinned in conversation"),
        ("", "conversationID", "conversationID: belongs in conversation"),
        ("", "dryrun", "dryrun: write dryRun"),
    ] {
        let mut body = valid();
        body.pointer_mut(level).unwrap()[name] = json!(true);
        body["conversation"]["ex"] = json!("x");
        refuses(&router, SET, &body, detail).await;
    }
    let body = json!({ "userID": "a", "pageNumber": 1, "pagination": { "showNumber": 1 } });
    refuses(&router, "/conversation/get_owner_conversation", &body, "pageNumber: belongs in pagination").await;
    let body = json!({ "userID": "a", "pagination": { "PageNumber": 1, "showNumber": 1 } });
    refuses(&router, "/conversation/get_owner_conversation", &body, "pagination.PageNumber: write pageNumber").await;
    assert_eq!(stored(&router).await, json!({ "conversations": [] }));
}

#[tokio::test]
async fn refuses_names_with_one_wrong_letter() {
    let router = router();
    for (name, detail) in [
        ("isPined", "conversation.isPined: write isPinned"),
        ("isPinnned", "conversation.isPinnned: write isPinned"),
        ("isPinend", "conversation.isPinend: write isPinned"),
        ("recvMsgOpts", "conversation.recvMsgOpts: write recvMsgOpt"),
        ("burnDuraton", "conversation.burnDuraton: write burnDuration"),
        ("dryRuns", "conversation.dryRuns: write dryRun at the top level"),
    ] {
        let mut body = valid();
        body["conversation"][name] = Value::Null;
        refuses(&router, SET, &body, detail).await;
    }
    for (name, detail) in [
        ("dryRuns", "dryRuns: write dryRun"),
        ("drurun", "drurun: write dryRun"),
        ("reports", "reports: write report"),
        ("userIDss", "userIDss: write userIDs"),
        ("conversations", "conversations: write conversation"),
    ] {
        let mut body = valid();
        body[name] = json!(true);
        refuses(&router, SET, &body, detail).await;
    }
    assert_eq!(stored(&router).await, json!({ "conversations": [] }));
    let both = json!({ "ownerUserID": "alice", "conversationID": "c", "conversationIDs": ["c"], "userIDs": [] });
    assert_eq!(call(&router, "/conversation/get_conversations", &token(ADMIN), &both).await["errCode"], 0);
}

#[tokio::test]
async fn refuses_a_dry_run_of_calls_that_have_none() {
    let (router, admin) = (router(), token(ADMIN));
    let mut body = valid();
    body["conversation"]["isPinned"] = json!(true);
    assert_eq!(call(&router, SET, &admin, &body).await["errCode"], 0);
    let before = stored(&router).await;
    let calls = [
        ("/conversation/delete_conversations", json!({ "ownerUserID": "alice", "conversationIDs": ["sg_team"] })),
        ("/conversation/update_conversations_by_user", json!({ "userID": "alice", "ex": "x" })),
        ("/conversation/get_conversation", json!({ "ownerUserID": "alice", "conversationID": "sg_team" })),
    ];
    for (path, body) in calls {
        for name in ["dryRun", "dry_run", "dryRuns"] {
            let mut named = body.clone();
            named[name] = json!(true);
            refuses(&router, path, &named, &format!("{name}: only set_conversations has dry runs")).await;
            let (_, text) = send(&router, request(&format!("{path}?{name}=true"), &admin, body.to_string())).await;
            let envelope: Value = serde_json::from_str(&text).unwrap();
            let detail = format!("query {name}: only set_conversations has dry runs");
            assert_eq!((&envelope["errCode"], &envelope["errDlt"]), (&json!(1001), &json!(detail)));
        }
    }
    assert_eq!(stored(&router).await, before);
}

#[tokio::test]
async fn refuses_arguments_in_the_query() {
    let (router, admin) = (router(), token(ADMIN));
    let mut body = valid();
    body["conversation"]["ex"] = json!("x");
    for (query, detail) in [
        ("dryRun=true", "query dryRun: write dryRun in the body, at the top level"),
        ("dry_run", "query dry_run: write dryRun in the body, at the top level"),
        ("t=1&isPinned=true", "query isPinned: write isPinned in the body, in conversation"),
    ] {
        let (_, text) = send(&router, request(&format!("{SET}?{query}"), &admin, body.to_string())).await;
        let envelope: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&envelope["errCode"], &envelope["errDlt"]), (&json!(1001), &json!(detail)));
    }
    assert_eq!(stored(&router).await, json!({ "conversations": [] }));
    let (_, text) = send(&router, request(&format!("{SET}?t=1&&=x"), &admin, body.to_string())).await;
    assert!(text.starts_with(r#"{"errCode":0"#), "{text}");
}

#[tokio::test]
async fn accepts_and_reports_what_clients_of_openim_send() {
    let router = router();
    let mut body = valid();
    let sent = [
        "ownerUserID",
        "showName",
        "faceURL",
        "unreadCount",
        "latestMsg",
        "latestMsgSendTime",
        "draftText",
        "draftTextTime",
        "isNotInGroup",
        "hasReadSeq",
        "updateUnreadCountTime",
        "latestMsgDestructTime",
        "createTime",
    ];
    for name in sent {
        // What is inside an ignored value is ignored with it.
        body["conversation"][name] = json!({ "dryRun": true, "isPinned": [] });
    }
    body["conversation"]["isPinned"] = json!(1);
    body["traceID"] = json!("x");
    assert_eq!(call(&router, SET, &token(ADMIN), &body).await["data"], Value::Null);
    body["report"] = json!(true);
    let mut reported = call(&router, SET, &token(ADMIN), &body).await["data"]["ignored"].take();
    let mut expected: Vec<_> =
        sent.iter().map(|name| format!("conversation.{name}")).chain(["traceID".into()]).collect();
    expected.sort();
    reported.as_array_mut().unwrap().sort_by_key(Value::to_string);
    assert_eq!(reported, json!(expected));
    assert_eq!(stored(&router).await["conversations"][0]["isPinned"], true);
}

/// Clients send some IDs under two names, so these are ignored; but not where the right one is missing.
#[tokio::test]
async fn names_the_similar_argument_that_was_sent_instead_of_a_missing_one() {
    let router = router();
    for (route, body, detail) in [
        ("get_all_conversations", json!({ "userID": "a" }), "ownerUserID: is required; userID"),
        ("get_pinned_conversation_ids", json!({ "ownerUserID": "a" }), "userID: is required; ownerUserID"),
        (
            "get_conversations",
            json!({ "ownerUserID": "a", "conversationID": "c" }),
            "conversationIDs: is required; conversationID",
        ),
        (
            "get_conversation",
            json!({ "ownerUserID": "a", "conversationIDs": ["c"] }),
            "conversationID: is required; conversationIDs",
        ),
        (
            "delete_conversations",
            json!({ "ownerUserID": "a", "conversationID": "c" }),
            "conversationIDs: is required; conversationID",
        ),
    ] {
        let detail = format!("{detail} is not an argument of this call");
        refuses(&router, &format!("/conversation/{route}"), &body, &detail).await;
    }
    refuses(&router, "/conversation/get_all_conversations", &json!({ "traceID": "x" }), "ownerUserID: is required")
        .await;
}

#[tokio::test]
async fn bounds_the_list_of_ignored_names() {
    let router = router();
    let mut body = valid();
    body["dryRun"] = json!(true);
    for n in 0..1_000 {
        body["conversation"][format!("{n:04}{}", "\n".repeat(n))] = json!(n);
    }
    let ignored = call(&router, SET, &token(ADMIN), &body).await["data"]["ignored"].take();
    let ignored: Vec<_> = ignored.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(ignored.len(), 32);
    assert!(ignored.iter().all(|name| name.chars().count() < 80 && !name.contains('\n')), "{ignored:?}");
    // A misspelt name behind them is found.
    body["conversation"]["pinned"] = json!(true);
    refuses(&router, SET, &body, "conversation.pinned: write isPinned").await;
}

#[tokio::test]
async fn reads_names_with_escapes() {
    let (router, admin) = (router(), token(ADMIN));
    let set = r#"{"userIDs":["a"],"conversation":{"conversationID":"sg_g","conversationType":3,"groupID":"g""#;
    for (rest, expected) in [
        (r#","is\u0050inned":true}}"#, r#"{"errCode":0"#),
        (
            r#","is\u0070inned":true}}"#,
            r#"{"errCode":1001,"errMsg":"ArgsError","errDlt":"conversation.ispinned: write isPinned"}"#,
        ),
        (r#"},"dry\u0052un":true}"#, r#"{"errCode":0"#),
    ] {
        let (_, text) = send(&router, request(SET, &admin, format!("{set}{rest}"))).await;
        assert!(text.starts_with(expected), "{text}");
    }
}
