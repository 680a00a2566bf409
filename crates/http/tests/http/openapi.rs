//! The OpenAPI document: valid, complete and true.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use conversation_settings_core::{Field, Limits};
use conversation_settings_http::{Api, Authenticate, Code};
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::{ADMIN, call, router, send, service, token, tokens};

const SET: &str = "/conversation/set_conversations";

async fn document_of(api: Api) -> Value {
    let (status, text) = send(&api.router(), Request::get("/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    serde_json::from_str(&text).unwrap()
}

async fn document() -> Value {
    document_of(Api::with_tokens(service(), tokens())).await
}

/// Each operation of `document`, with its path and method.
fn operations(document: &Value) -> Vec<(&str, Method, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| {
                (path.as_str(), method.to_uppercase().parse::<Method>().unwrap(), operation)
            })
        })
        .collect()
}

/// The calls, each with its operation.
fn calls(document: &Value) -> Vec<(&str, &Value)> {
    let calls = operations(document).into_iter().filter(|(_, method, _)| method == Method::POST);
    calls.map(|(path, _, operation)| (path, operation)).collect()
}

fn example(operation: &Value) -> &Value {
    &operation["requestBody"]["content"]["application/json"]["example"]
}

/// A validator for the schema at `pointer`.
fn validator(document: &Value, pointer: &str) -> Validator {
    assert!(document.pointer(pointer).is_some(), "{pointer}");
    let mut schema = document.clone();
    schema["$ref"] = json!(format!("#{pointer}"));
    jsonschema::draft202012::new(&schema).unwrap()
}

fn pointer_to(path: &str, rest: &str) -> String {
    format!("/paths/{}/post/{rest}", path.replace('/', "~1"))
}

fn refs<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| refs(value, found)),
        Value::Object(values) => {
            found.extend(values.get("$ref").and_then(Value::as_str));
            values.values().for_each(|value| refs(value, found));
        }
        _ => (),
    }
}

#[tokio::test]
async fn matches_the_openapi_schema() {
    let schema = serde_json::from_str(include_str!("openapi-3.1.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let document = document().await;
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    assert_eq!(document["openapi"], "3.1.0");
    assert!(!validator.is_valid(&json!({ "openapi": "3.1.0", "info": {} })), "the schema accepts everything");
}

#[tokio::test]
async fn resolves_every_reference_and_uses_every_component() {
    let document = document().await;
    let mut found = BTreeSet::new();
    refs(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in &found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (kind, named) in document["components"].as_object().unwrap() {
        for name in named.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            assert!(found.contains(format!("#/components/{kind}/{name}").as_str()), "{name} is unused");
        }
    }
}

#[tokio::test]
async fn describes_exactly_the_served_routes() {
    let document = document().await;
    let described: Vec<_> = operations(&document).into_iter().map(|(path, ..)| path).collect();
    let mut served = Api::with_tokens(service(), tokens()).paths();
    served.sort_unstable();
    assert_eq!(described, served);
    for (path, method, operation) in operations(&document) {
        let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        assert_eq!(send(&router(), request).await.0, StatusCode::OK, "{method} {path}");
        let other = if method == Method::GET { Method::POST } else { Method::GET };
        let request = Request::builder().method(other).uri(path).body(Body::empty()).unwrap();
        assert_eq!(send(&router(), request).await.0, StatusCode::NOT_FOUND, "{path}");
        for text in ["summary", "description", "operationId"] {
            assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{path} has no {text}");
        }
    }
    let names: BTreeSet<_> = operations(&document).iter().map(|(.., o)| o["operationId"].to_string()).collect();
    assert_eq!(names.len(), described.len(), "each operation has its own name: {names:?}");
}

#[tokio::test]
async fn describes_every_field() {
    let document = document().await;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            let is_plain = Code::ALL.iter().any(|code| code.name() == name) || name == "MsgInfo";
            let is_told = of["description"].is_string() || of["oneOf"][0]["description"].is_string();
            assert!(is_plain || is_told, "{name}.{field}: {of}");
        }
    }
    let settings = &document["components"]["schemas"]["Conversation"]["properties"];
    for field in Field::ALL {
        let description = settings[field.wire_name()]["description"].as_str().unwrap();
        assert!(description.starts_with(field.description()), "{field}: {description}");
    }
}

#[tokio::test]
async fn validates_examples_and_responses_by_their_schemas() {
    let document = document().await;
    let set = example(&document["paths"][SET]["post"]);
    for (path, operation) in calls(&document) {
        let example = example(operation);
        let request = validator(&document, &pointer_to(path, "requestBody/content/application~1json/schema"));
        assert!(request.is_valid(example), "{path}: {example}");
        assert!(!request.is_valid(&json!({})), "{path} has required arguments");

        let responses = validator(&document, &pointer_to(path, "responses/200/content/application~1json/schema"));
        let router = router();
        call(&router, SET, &token(ADMIN), set).await;
        let done = call(&router, path, &token(ADMIN), example).await;
        let code = if path == "/auth/get_admin_token" { 1002 } else { 0 };
        assert_eq!(done["errCode"], code, "{path}: {done}");
        let wrong = call(&router, path, &token(ADMIN), &json!({})).await;
        let unknown = call(&router, path, "x", example).await;
        for response in [done, wrong, unknown] {
            let errors: Vec<_> = responses.iter_errors(&response).map(|error| error.to_string()).collect();
            assert_eq!(errors, [""; 0], "{path}: {response}");
        }
    }
}

#[tokio::test]
async fn validates_a_report_by_its_schema() {
    let document = document().await;
    let mut body = example(&document["paths"][SET]["post"]).clone();
    body["report"] = json!(true);
    let responses = validator(&document, &pointer_to(SET, "responses/200/content/application~1json/schema"));
    let router = router();
    for response in [call(&router, SET, &token(ADMIN), &body).await, call(&router, SET, &token(ADMIN), &body).await] {
        assert_eq!(response["data"]["users"].as_array().map(Vec::len), Some(2), "{response}");
        assert!(responses.is_valid(&response), "{response}");
    }
}

#[tokio::test]
async fn lists_codes_where_they_occur() {
    let document = document().await;
    let mut listed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, operation) in calls(&document) {
        let list =
            ["200", "429"].map(|status| operation["responses"][status]["description"].as_str().unwrap()).concat();
        let codes = Code::ALL.iter().filter(|code| list.contains(&format!("`{}` {}", code.number(), code.name())));
        listed.insert(path, codes.map(|code| code.name().to_owned()).collect());
        for any in ["ArgsError", "ServerInternalError", "TooManyRequestsError"] {
            assert!(listed[path].contains(any), "{path}: {any}");
        }
    }
    assert!(listed["/conversation/get_conversation"].contains("RecordNotFoundError"));
    assert!(listed["/conversation/get_all_conversations"].contains("NoPermissionError"));
    assert!(!listed["/conversation/get_all_conversations"].contains("RecordNotFoundError"));
    assert!(!listed["/auth/get_admin_token"].contains("TokenExpiredError"), "the route takes no token");
    let all: BTreeSet<_> = listed.into_values().flatten().collect();
    assert_eq!(all, Code::ALL.iter().map(|code| code.name().to_owned()).collect());
}

#[tokio::test]
async fn states_the_limits_of_the_server() {
    let limits = Limits::default().max_users(123).max_text_bytes(4_567).max_batch_bytes(56_789);
    let service = Service::builder(Arc::new(MemoryStore::new())).limits(limits).build();
    let document = document_of(Api::with_tokens(service, tokens()).max_body_bytes(89_012).max_in_flight(77)).await;
    let description = document["info"]["description"].as_str().unwrap();
    assert!(
        ["123 users", "4567 bytes", "56789 bytes", "89012 bytes", "30s", "77 calls"]
            .iter()
            .all(|limit| description.contains(limit)),
        "{description}"
    );
}

/// Identifies callers by its own header, or without one.
#[derive(Debug)]
struct Gateway(Option<&'static str>);

#[async_trait::async_trait]
impl Authenticate for Gateway {
    async fn authenticate(
        &self,
        request: &axum::http::request::Parts,
    ) -> Result<conversation_settings_service::Caller, conversation_settings_http::ApiError> {
        tokens().authenticate(request).await
    }

    fn header(&self) -> Option<&'static str> {
        self.0
    }
}

#[tokio::test]
async fn names_the_hosts_own_caller_header() {
    let schemes = |document: &Value| document["components"]["securitySchemes"].clone();
    let scheme = |name| json!({ "caller": { "type": "apiKey", "in": "header", "name": name, "description": "Identifies the caller." } });
    assert_eq!(schemes(&document().await), scheme("token"));
    let gateway = |header| document_of(Api::new(service(), Arc::new(Gateway(header))));
    assert_eq!(schemes(&gateway(Some("x-user")).await), scheme("x-user"));

    let without = gateway(None).await;
    assert_eq!(schemes(&without), Value::Null);
    assert!(calls(&without).iter().all(|(_, operation)| operation.get("security").is_none()));
    assert!(!calls(&without).iter().any(|(path, _)| path.starts_with("/auth/")), "it issues no tokens");

    let document = document().await;
    let open = calls(&document).into_iter().filter(|(_, operation)| operation.get("security").is_none());
    assert_eq!(open.map(|(path, _)| path).collect::<Vec<_>>(), ["/auth/get_admin_token"]);
}
