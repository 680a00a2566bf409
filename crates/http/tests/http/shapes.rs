//! Responses of the routes other than `set_conversations`, key by key.

use axum::Router;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, router, token};

/// Calls `/conversation/NAME` as an administrator, and returns the data.
async fn data(router: &Router, name: &str, body: Value) -> Value {
    let mut envelope = call(router, &format!("/conversation/{name}"), &token(ADMIN), &body).await;
    assert_eq!(envelope["errCode"], 0, "{name}: {envelope}");
    envelope["data"].take()
}

/// A router on which alice has `sg_1` muted, `sg_2` pinned, and a single chat with bob, which bob has too.
async fn filled() -> Router {
    let router = router();
    let group = |id: &str, name: &str, value: Value| {
        let conversation =
            json!({ "conversationID": format!("sg_{id}"), "conversationType": 3, "groupID": id, name: value });
        json!({ "userIDs": ["alice"], "conversation": conversation })
    };
    data(&router, "set_conversations", group("1", "recvMsgOpt", json!(2))).await;
    data(&router, "set_conversations", group("2", "isPinned", json!(true))).await;
    let single =
        json!({ "conversationID": "si_alice_bob", "conversationType": 1, "userID": "bob", "isPrivateChat": true });
    data(&router, "set_conversations", json!({ "userIDs": ["alice"], "conversation": single })).await;
    router
}

fn ids(conversations: &Value) -> Vec<&str> {
    let conversations = conversations.as_array().unwrap();
    conversations.iter().map(|conversation| conversation["conversationID"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_have_a_total_and_a_stable_order() {
    let router = filled().await;
    let page = |number, size| json!({ "userID": "alice", "pagination": { "pageNumber": number, "showNumber": size } });
    let first = data(&router, "get_owner_conversation", page(1, 2)).await;
    assert_eq!((&first["total"], ids(&first["conversations"])), (&json!(3), vec!["sg_1", "sg_2"]));
    let second = data(&router, "get_owner_conversation", page(2, 2)).await;
    assert_eq!((&second["total"], ids(&second["conversations"])), (&json!(3), vec!["si_alice_bob"]));
    let past = data(&router, "get_owner_conversation", page(i32::MAX, i32::MAX)).await;
    assert_eq!(past, json!({ "total": 3, "conversations": [] }));
}

#[tokio::test]
async fn lists_ids_of_muted_and_pinned_conversations() {
    let router = filled().await;
    let alice = json!({ "userID": "alice" });
    let muted = data(&router, "get_not_notify_conversation_ids", alice.clone()).await;
    assert_eq!(muted, json!({ "conversationIDs": ["sg_1"] }));
    assert_eq!(data(&router, "get_pinned_conversation_ids", alice).await, json!({ "conversationIDs": ["sg_2"] }));
    let none = data(&router, "get_pinned_conversation_ids", json!({ "userID": "nobody" })).await;
    assert_eq!(none, json!({ "conversationIDs": [] }), "a list, not null");
}

#[tokio::test]
async fn sorts_pinned_conversations_first() {
    let router = filled().await;
    let body = json!({ "userID": "alice", "pagination": { "pageNumber": 1, "showNumber": 10 } });
    let sorted = data(&router, "get_sorted_conversation_list", body).await;
    assert_eq!((&sorted["conversationTotal"], &sorted["unreadTotal"]), (&json!(3), &json!(0)));
    let elems = sorted["conversationElems"].as_array().unwrap();
    assert_eq!(elems.len(), 3);
    let pinned =
        json!({ "conversationID": "sg_2", "recvMsgOpt": 0, "unreadCount": 0, "IsPinned": true, "msgInfo": null });
    assert_eq!(elems[0], pinned);
}

#[tokio::test]
async fn omits_full_ids_if_the_hash_matches() {
    let router = router();
    for (id, kind) in [("sg_g1", 3), ("si_a_b", 1)] {
        let conversation =
            json!({ "conversationID": id, "conversationType": kind, "groupID": "g", "userID": "b", "ex": "x" });
        data(&router, "set_conversations", json!({ "userIDs": ["u"], "conversation": conversation })).await;
    }
    let full = data(&router, "get_full_conversation_ids", json!({ "userID": "u", "idHash": 0 })).await;
    assert_eq!((&full["version"], &full["equal"]), (&json!(2), &json!(false)));
    assert_eq!(full["conversationIDs"], json!(["sg_g1", "si_a_b"]));
    assert_eq!(full["versionID"].as_str().unwrap().len(), 24);
    // The hash that OpenIM's own client computes.
    let body = json!({ "userID": "u", "idHash": 12_299_649_816_359_607_783_u64 });
    let same = data(&router, "get_full_conversation_ids", body).await;
    assert_eq!((&same["equal"], &same["conversationIDs"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn increments_contain_inserts_updates_and_deletions() {
    let router = filled().await;
    let full = data(&router, "get_full_conversation_ids", json!({ "userID": "alice" })).await;
    let since = json!({ "userID": "alice", "versionID": full["versionID"], "version": full["version"] });
    let nothing = data(&router, "get_incremental_conversations", since.clone()).await;
    let expected = json!({
        "version": full["version"], "versionID": full["versionID"], "full": false, "delete": [], "insert": [], "update": [],
    });
    assert_eq!(nothing, expected);

    let unpin = json!({ "conversationID": "sg_2", "conversationType": 3, "groupID": "2", "isPinned": false });
    data(&router, "set_conversations", json!({ "userIDs": ["alice"], "conversation": unpin })).await;
    let gone = json!({ "ownerUserID": "alice", "conversationIDs": ["sg_1", "never"] });
    assert_eq!(data(&router, "delete_conversations", gone).await, Value::Null);
    let new = json!({ "conversationID": "sg_3", "conversationType": 3, "groupID": "3", "isPinned": true });
    data(&router, "set_conversations", json!({ "userIDs": ["alice"], "conversation": new })).await;
    let changes = data(&router, "get_incremental_conversations", since).await;
    assert_eq!((&changes["full"], &changes["delete"]), (&json!(false), &json!(["sg_1"])));
    assert_eq!((ids(&changes["insert"]), ids(&changes["update"])), (vec!["sg_3"], vec!["sg_2"]));

    for (version_id, version) in [
        (json!("ffffffffffffffffffffffff"), json!(1)),
        (json!("nonsense"), json!(1)),
        (json!(""), json!(1)),
        (Value::Null, Value::Null),
        (full["versionID"].clone(), json!(u64::MAX)),
    ] {
        let body = json!({ "userID": "alice", "versionID": version_id, "version": version });
        let changes = data(&router, "get_incremental_conversations", body).await;
        assert_eq!(changes["full"], true, "{version_id} {version}");
        assert_eq!((&changes["insert"], &changes["update"], &changes["delete"]), (&json!([]), &json!([]), &json!([])));
    }
}

#[tokio::test]
async fn sets_the_extension_for_all_peers() {
    let router = filled().await;
    let update = json!({ "userID": "alice", "ex": "moved" });
    assert_eq!(data(&router, "update_conversations_by_user", update).await, Value::Null);
    let bobs =
        data(&router, "get_conversation", json!({ "ownerUserID": "bob", "conversationID": "si_alice_bob" })).await;
    assert_eq!(bobs["conversation"]["ex"], "moved");
    let alices = data(&router, "get_all_conversations", json!({ "ownerUserID": "alice" })).await;
    assert!(alices["conversations"].as_array().unwrap().iter().all(|conversation| conversation["ex"] == ""));
}

#[tokio::test]
async fn reports_outcomes_by_user_and_writes_nothing_on_a_dry_run() {
    let router = router();
    let conversation =
        json!({ "conversationID": "si_a_b", "conversationType": 1, "userID": "b", "isPrivateChat": true, "ex": "x" });
    let mut body = json!({ "userIDs": ["a"], "conversation": conversation, "dryRun": true });
    let mut created = json!({ "dryRun": true, "users": [
        { "userID": "a", "role": "user", "outcome": "created", "fields": ["isPrivateChat", "ex"], "version": 1 },
        { "userID": "b", "role": "peer", "outcome": "created", "fields": ["isPrivateChat"], "version": 1 },
    ], "ignored": [] });
    assert_eq!(data(&router, "set_conversations", body.clone()).await, created);
    let read = data(&router, "get_all_conversations", json!({ "ownerUserID": "a" })).await;
    assert_eq!(read, json!({ "conversations": [] }), "nothing was written");

    body["dryRun"] = Value::Null;
    body["report"] = json!(true);
    created["dryRun"] = json!(false);
    assert_eq!(data(&router, "set_conversations", body.clone()).await, created, "as in the dry run");
    body["conversation"]["ex"] = json!("y");
    let updated = data(&router, "set_conversations", body).await;
    assert_eq!(
        updated["users"][0],
        json!({ "userID": "a", "role": "user", "outcome": "updated", "fields": ["ex"], "version": 2 })
    );
    assert_eq!((&updated["users"][1]["outcome"], &updated["users"][1]["role"]), (&json!("unchanged"), &json!("peer")));
}

#[tokio::test]
async fn hides_the_peers_outcome_from_users() {
    let router = router();
    let conversation =
        json!({ "conversationID": "si_a_b", "conversationType": 1, "userID": "b", "isPrivateChat": true });
    for (flag, bob_has_it) in [("dryRun", false), ("report", false), ("report", true), ("dryRun", true)] {
        let body = json!({ "userIDs": ["a"], "conversation": conversation, flag: true });
        let reported = call(&router, "/conversation/set_conversations", &token("a"), &body).await;
        assert_eq!(reported["data"]["users"][1], json!({ "userID": "b", "role": "peer" }), "{flag} {bob_has_it}");
        assert_eq!(reported["data"]["users"][0]["role"], "user");
    }
}
