//! Intended differences from OpenIM, and the page that lists them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use conversation_settings_core::{Field, Kind};
use conversation_settings_http::Api;
use conversation_settings_service::{CustomSetting, CustomSettings, Service};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, request, router, send, service, token, tokens};

const SET: &str = "/conversation/set_conversations";
const GET: &str = "/conversation/get_conversation";
const PAGE: &str = "docs/openim-differences.md";

fn single() -> Value {
    json!({ "conversationID": "si_a_p", "conversationType": 1, "userID": "p" })
}

#[tokio::test]
async fn sets_and_returns_every_client_setting() {
    let declared = CustomSettings::new().declare("theme", CustomSetting::text(16)).unwrap();
    let service = Service::builder(Arc::new(MemoryStore::new())).custom(declared).build();
    let (router, admin) = (Api::with_tokens(service, tokens()).router(), token(ADMIN));
    let mut conversation = single();
    for field in Field::ALL.iter().filter(|field| field.is_client()) {
        conversation[field.wire_name()] = match field.kind() {
            Kind::Bool => json!(true),
            Kind::I32 | Kind::I64 | Kind::Timestamp => json!(2),
            Kind::Text => json!("x"),
            Kind::Custom => json!({ "theme": "dark" }),
        };
    }
    let set = call(&router, SET, &admin, &json!({ "userIDs": ["a"], "conversation": conversation })).await;
    assert_eq!(set["errCode"], 0, "{set}");
    let read = call(&router, GET, &admin, &json!({ "ownerUserID": "a", "conversationID": "si_a_p" })).await;
    for field in Field::ALL.iter().filter(|field| field.is_client()) {
        assert_eq!(read["data"]["conversation"][field.wire_name()], conversation[field.wire_name()], "{field}");
    }
}

#[tokio::test]
async fn finds_a_new_conversation_after_an_earlier_miss() {
    let (router, admin) = (router(), token(ADMIN));
    let own = json!({ "ownerUserID": "a", "conversationID": "si_a_p" });
    assert_eq!(call(&router, GET, &admin, &own).await["errCode"], 1004);
    let mut conversation = single();
    conversation["isPinned"] = json!(true);
    call(&router, SET, &admin, &json!({ "userIDs": ["a"], "conversation": conversation })).await;
    assert_eq!(call(&router, GET, &admin, &own).await["data"]["conversation"]["isPinned"], true);
    let pinned = call(&router, "/conversation/get_pinned_conversation_ids", &admin, &json!({ "userID": "a" })).await;
    assert_eq!(pinned["data"], json!({ "conversationIDs": ["si_a_p"] }));
}

#[tokio::test]
async fn hides_the_cause_of_a_store_failure() {
    let store =
        FaultyStore::new(Arc::new(MemoryStore::new())).writes(FaultPlan::script([Fault::FailBefore, Fault::Conflict]));
    let router = Api::with_tokens(Service::builder(Arc::new(store)).build(), tokens()).router();
    let mut conversation = single();
    conversation["isPinned"] = json!(true);
    let body = json!({ "userIDs": ["a"], "conversation": conversation });
    for _ in 0..2 {
        let response = call(&router, SET, &token(ADMIN), &body).await;
        assert_eq!(response, json!({ "errCode": 500, "errMsg": "ServerInternalError", "errDlt": "op-1" }));
    }
    assert_eq!(call(&router, SET, &token(ADMIN), &body).await["errCode"], 0, "a retry succeeds");
}

#[tokio::test]
async fn matches_field_names_by_case() {
    let (router, admin) = (router(), token(ADMIN));
    let response = call(&router, SET, &admin, &json!({ "USERIDS": ["a"], "conversation": single() })).await;
    assert_eq!((&response["errCode"], &response["errDlt"]), (&json!(1001), &json!("USERIDS: write userIDs")));
}

#[tokio::test]
async fn rejects_text_that_is_not_unicode() {
    let (router, admin) = (router(), token(ADMIN));
    let body = |ex: &[u8]| {
        let before =
            br#"{"userIDs":["a"],"conversation":{"conversationID":"c","conversationType":3,"groupID":"g","ex":""#;
        [&before[..], ex, br#""}}"#].concat()
    };
    for ex in [&br"\ud83e"[..], b"\xff", b"\xed\xa0\x80"] {
        let (_, text) = send(&router, request(SET, &admin, body(ex))).await;
        assert!(
            text.starts_with(r#"{"errCode":1001,"errMsg":"ArgsError","errDlt":"body: cannot be parsed as JSON"#),
            "{text}"
        );
    }
    assert_eq!(send(&router, request(SET, &admin, body(br"\ud83e\udd80"))).await.1.find("\"errCode\":0"), Some(1));
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Tests named between backticks, as `folder::name`.
fn proofs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"))
}

/// The tests that `page` names and that do not exist.
fn missing(page: &str) -> Vec<String> {
    let crates: BTreeSet<_> = proofs(page).map(|(of, _)| of).collect();
    let missing = crates.into_iter().flat_map(|of| {
        let mut sources = String::new();
        let folder = of.strip_prefix("conversation-settings-").unwrap_or(of);
        read(&root().join("crates").join(folder), &mut sources);
        let gone = move |(other, name): &(&str, &str)| *other == of && !is_test(name, &sources);
        proofs(page).filter(gone).map(|(of, name)| format!("{of}::{name}"))
    });
    missing.collect()
}

/// Whether `sources` have a function of this name under an attribute that makes it a test, or one that the conformance
/// suite lists among its cases.
fn is_test(name: &str, sources: &str) -> bool {
    let of_suite = format!("::{name},");
    sources.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let attributes = sources[..at].rsplit("\n\n").next().unwrap_or_default();
        attributes.contains("test]") || attributes.contains("test(") || sources.contains(&of_suite)
    })
}

/// Appends the Rust sources in `folder`, if it exists.
fn read(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn differences_name_existing_tests() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    assert_eq!(missing(&page), [""; 0], "{PAGE} names tests that are not there");
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| OpenIM"));
    let mut differences = 0;
    for row in rows {
        differences += 1;
        let proof = row.trim_end_matches([' ', '|']).rsplit_once(" | ").map_or("", |(_, proof)| proof);
        assert!(proofs(proof).next().is_some(), "no test proves: {row}");
    }
    assert!(differences > 30, "the page has {differences} differences");
}

#[test]
fn threat_model_names_existing_tests() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    assert!(proofs(&page).count() > 15);
    assert_eq!(missing(&page), [""; 0], "the page names tests that are not there");
}

#[test]
fn finds_names_of_missing_tests() {
    let page = "| there | `http::nowhere`, `gone::nothing`, `http::proofs`; but
        `http::finds_names_of_missing_tests` and `testkit::loses_no_concurrent_update` do |";
    assert_eq!(missing(page), ["gone::nothing", "http::nowhere", "http::proofs"]);
}

/// The proxy sends these paths here, and all others to OpenIM.
#[test]
fn lists_every_path_for_the_proxy() {
    let page = fs::read_to_string(root().join("docs/migrating.md")).unwrap();
    let listed: BTreeSet<_> = page.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let is_call = |path: &&str| path.starts_with("/conversation/");
    let listed: Vec<_> = listed.into_iter().filter(is_call).collect();
    let ours: BTreeSet<_> = Api::with_tokens(service(), tokens()).paths().into_iter().filter(is_call).collect();
    assert_eq!(listed, ours.into_iter().collect::<Vec<_>>());
}
