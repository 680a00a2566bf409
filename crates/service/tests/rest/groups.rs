//! Groups as OpenIM knows them.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{ConversationId, Key, SetConversationsRequest, UserId};
use conversation_settings_service::{
    Caller, Code, Context, Service, ServiceError,
    rest::{OpenImGroups, RestError},
};
use conversation_settings_store::ConversationStoreExt;
use conversation_settings_store_memory::MemoryStore;
use serde_json::json;
use tokio::net::TcpSocket;

use crate::receiver::{Answer, Receiver};

/// Sets the conversation of a group that is asked for at `url`: what came of it, and whether it was written.
async fn set(url: &str, timeout: Duration) -> (Result<(), ServiceError>, bool) {
    let store = Arc::new(MemoryStore::new());
    let groups = Arc::new(OpenImGroups::new(url, "the-token", timeout).unwrap());
    let service = Service::builder(store.clone()).groups(groups).build();
    let request: SetConversationsRequest = serde_json::from_value(json!({
        "userIDs": ["alice"],
        "conversation": { "conversationID": "sg_team", "conversationType": 3, "groupID": "team", "ex": "x" },
    }))
    .unwrap();
    let user = |id: &str| UserId::new(id).unwrap();
    let result = service.set_conversations(&Context::new("op-ä\n1", Caller::Admin(user("imAdmin"))), request).await;
    let key = Key::new(user("alice"), ConversationId::new("sg_team").unwrap());
    (result.map(drop), store.get_one(key).await.unwrap().is_some())
}

async fn answered(answer: Answer) -> (Option<Code>, bool) {
    let receiver = Receiver::start(move |_| answer.clone()).await;
    let (result, is_written) = set(&receiver.url, OpenImGroups::TIMEOUT).await;
    (result.err().map(|error| error.code()), is_written)
}

fn groups(groups: &str) -> Answer {
    Answer::Body(format!(r#"{{"errCode":0,"errMsg":"","errDlt":"","data":{{"groupInfos":{groups}}}}}"#))
}

#[tokio::test]
async fn openim_is_asked_as_its_clients_ask_it() {
    let mut receiver = Receiver::start(|_| groups(r#"[{"groupID":"team","status":0}]"#)).await;
    let (result, is_written) = set(&format!("{}/api/", receiver.url), OpenImGroups::TIMEOUT).await;
    assert!(result.is_ok() && is_written);
    let request = receiver.next().await;
    assert_eq!((&*request.path, request.body), ("/api/group/get_groups_info", json!({ "groupIDs": ["team"] })));
    let header = |name: &str| request.headers[name].to_str().unwrap();
    assert_eq!([header("token"), header("operationID")], ["the-token", "op-??1"]);
    assert_eq!(header("content-type"), "application/json");
}

#[tokio::test]
async fn a_group_stands_as_openim_answers() {
    let other = r#"{"groupID":"other","status":0,"memberCount":7}"#;
    for (answer, code) in [
        (groups(&format!(r#"[{other},{{"groupID":"team","groupName":"T","status":0,"ex":""}}]"#)), None),
        (groups(r#"[{"groupID":"team"}]"#), None),
        (groups(r#"[{"groupID":"team","status":1}]"#), None),
        (groups(r#"[{"groupID":"team","status":3}]"#), None),
        (groups(r#"[{"groupID":"team","status":2}]"#), Some(Code::DismissedAlready)),
        (groups("null"), Some(Code::RecordNotFound)),
        (groups("[]"), Some(Code::RecordNotFound)),
        (groups(&format!("[{other}]")), Some(Code::RecordNotFound)),
        (Answer::Body(r#"{"errCode":0,"errMsg":"","errDlt":""}"#.into()), Some(Code::RecordNotFound)),
        (Answer::Body(r#"{"errCode":1004,"errMsg":"RecordNotFoundError"}"#.into()), Some(Code::RecordNotFound)),
        (Answer::Body(r#"{"errCode":1201,"errMsg":"GroupIDNotFoundError"}"#.into()), Some(Code::RecordNotFound)),
    ] {
        let told = format!("{answer:?}");
        assert_eq!(answered(answer).await, (code, code.is_none()), "{told}");
    }
}

#[tokio::test]
async fn an_answer_that_tells_nothing_of_groups_leaves_nothing_written() {
    let elsewhere = Receiver::start(|_| groups(r#"[{"groupID":"team","status":0}]"#)).await;
    for answer in [
        Answer::Body(r#"{"errCode":1501,"errMsg":"TokenExpiredError","errDlt":"","data":null}"#.into()),
        Answer::Body(r#"{"errCode":500,"errMsg":"ServerInternalError"}"#.into()),
        Answer::Body("<html>".into()),
        Answer::Body("{}".into()),
        Answer::Body(String::new()),
        Answer::Body(format!(r#"{{"errCode":0,"data":{{"x":"{}"}}}}"#, "x".repeat(2 << 20))),
        Answer::Status(404),
        Answer::Status(502),
        Answer::Redirect(elsewhere.url),
    ] {
        let told = format!("{answer:.80?}");
        assert_eq!(answered(answer).await, (Some(Code::ServerInternal), false), "{told}");
    }
}

#[tokio::test]
async fn groups_that_cannot_be_asked_in_time_leave_nothing_written() {
    // Bound and not listening: nobody else takes the port, and nobody answers.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = format!("http://{}", socket.local_addr().unwrap());
    let silent = Receiver::start(|_| Answer::Never).await;
    for (url, timeout) in [(nobody, OpenImGroups::TIMEOUT), (silent.url, Duration::from_millis(50))] {
        let (result, is_written) = set(&url, timeout).await;
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_retryable(), is_written), (Code::ServerInternal, true, false), "{url}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        // What the request failed of is what says more than that it failed.
        let causes = cause.strip_prefix("no answer: ").unwrap().split(": ").count();
        assert!(causes > 1 && !cause.contains("127.0.0.1"), "{cause}");
    }
}

#[tokio::test]
async fn an_answer_may_have_a_mebibyte_and_no_byte_more() {
    let answer = r#"{"errCode":0,"data":{"groupInfos":[{"groupID":"team"}]}}"#;
    for (length, expected) in [(1 << 20, (None, true)), ((1 << 20) + 1, (Some(Code::ServerInternal), false))] {
        let padded = format!("{answer}{}", " ".repeat(length - answer.len()));
        assert_eq!(answered(Answer::Body(padded)).await, expected, "{length}");
    }
}

#[tokio::test]
async fn what_is_secret_is_not_shown() {
    let groups = OpenImGroups::new("https://u:password@example.org", "the-token", OpenImGroups::TIMEOUT).unwrap();
    assert_eq!(format!("{groups:?}"), "OpenImGroups { .. }");
    let wrong = |url, token| OpenImGroups::new(url, token, OpenImGroups::TIMEOUT).unwrap_err();
    assert!(matches!(wrong("openim:10002", "t"), RestError::Url));
    let error = wrong("http://openim:10002", "to\nken");
    assert_eq!(error.to_string(), "the token must be of printable ASCII characters");
}
