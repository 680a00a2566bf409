//! OpenIM's groups, over real servers on loopback.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{ConversationId, GroupId, Key, Patch, SetConversations, UserId};
use conversation_settings_http_client::{
    ClientError,
    testing::{Receiver, Reply},
};
use conversation_settings_openim::{Code, GroupsError, OpenImGroups};
use conversation_settings_service::{Context, Service, ServiceError};
use conversation_settings_store::ConversationStoreExt;
use conversation_settings_store_memory::MemoryStore;
use serde_json::json;
use tokio::net::TcpSocket;

/// Sets the conversation of a group with the directory at `url`. Returns the result, and whether it was written.
async fn set(url: &str, timeout: Duration) -> (Result<(), ServiceError>, bool) {
    let store = Arc::new(MemoryStore::new());
    let groups = Arc::new(OpenImGroups::new(url, "the-token", timeout).unwrap());
    let service = Service::builder(store.clone()).groups(groups).build();
    let user = |id: &str| UserId::new(id).unwrap();
    let set =
        SetConversations::group(&GroupId::new("team").unwrap()).users([&user("alice")]).patch(Patch::KEEP.ex("x"));
    let context = Context::admin(user("imAdmin")).with_operation_id("op-ä\n1");
    let result = service.set(&context, set.build().unwrap()).await;
    let key = Key::new(user("alice"), ConversationId::new("sg_team").unwrap());
    (result.map(drop), store.get_one(key).await.unwrap().is_some())
}

async fn set_with_reply(response: Reply) -> (Option<Code>, bool) {
    let receiver = Receiver::start(move |_| response.clone()).await;
    let (result, is_written) = set(receiver.url(), OpenImGroups::TIMEOUT).await;
    (result.err().as_ref().map(Code::from), is_written)
}

fn groups(groups: &str) -> Reply {
    Reply::Body(format!(r#"{{"errCode":0,"errMsg":"","errDlt":"","data":{{"groupInfos":{groups}}}}}"#))
}

#[tokio::test]
async fn asks_openim_as_its_clients_do() {
    let mut receiver = Receiver::start(|_| groups(r#"[{"groupID":"team","status":0}]"#)).await;
    let (result, is_written) = set(&format!("{}/api/", receiver.url()), OpenImGroups::TIMEOUT).await;
    assert!(result.is_ok() && is_written);
    let request = receiver.next().await;
    assert_eq!((&*request.path, request.body), ("/api/group/get_groups_info", json!({ "groupIDs": ["team"] })));
    let header = |name: &str| request.headers[name].to_str().unwrap();
    assert_eq!([header("token"), header("operationID")], ["the-token", "op-??1"]);
    assert_eq!(header("content-type"), "application/json");
}

#[tokio::test]
async fn maps_openims_responses_to_statuses() {
    let other = r#"{"groupID":"other","status":0,"memberCount":7}"#;
    for (response, code) in [
        (groups(&format!(r#"[{other},{{"groupID":"team","groupName":"T","status":0,"ex":""}}]"#)), None),
        (groups(r#"[{"groupID":"team"}]"#), None),
        (groups(r#"[{"groupID":"team","status":1}]"#), None),
        (groups(r#"[{"groupID":"team","status":3}]"#), None),
        (groups(r#"[{"groupID":"team","status":2}]"#), Some(Code::DismissedAlready)),
        (groups("null"), Some(Code::RecordNotFound)),
        (groups("[]"), Some(Code::RecordNotFound)),
        (groups(&format!("[{other}]")), Some(Code::RecordNotFound)),
        (Reply::Body(r#"{"errCode":0,"errMsg":"","errDlt":""}"#.into()), Some(Code::RecordNotFound)),
        (Reply::Body(r#"{"errCode":1004,"errMsg":"RecordNotFoundError"}"#.into()), Some(Code::RecordNotFound)),
        (Reply::Body(r#"{"errCode":1201,"errMsg":"GroupIDNotFoundError"}"#.into()), Some(Code::RecordNotFound)),
    ] {
        let reply = format!("{response:?}");
        assert_eq!(set_with_reply(response).await, (code, code.is_none()), "{reply}");
    }
}

#[tokio::test]
async fn writes_nothing_after_an_unusable_response() {
    let elsewhere = Receiver::start(|_| groups(r#"[{"groupID":"team","status":0}]"#)).await;
    for response in [
        Reply::Body(r#"{"errCode":1501,"errMsg":"TokenExpiredError","errDlt":"","data":null}"#.into()),
        Reply::Body(r#"{"errCode":500,"errMsg":"ServerInternalError"}"#.into()),
        Reply::Body("<html>".into()),
        Reply::Body("{}".into()),
        Reply::Body(String::new()),
        Reply::Body(format!(r#"{{"errCode":0,"data":{{"x":"{}"}}}}"#, "x".repeat(2 << 20))),
        Reply::Status(404),
        Reply::Status(502),
        Reply::Redirect(elsewhere.url().to_owned()),
    ] {
        let reply = format!("{response:.80?}");
        assert_eq!(set_with_reply(response).await, (Some(Code::ServerInternal), false), "{reply}");
    }
}

#[tokio::test]
async fn writes_nothing_if_groups_are_unreachable() {
    // Bound without listening: the port is reserved, and connections fail.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let unreachable = format!("http://{}", socket.local_addr().unwrap());
    let hanging = Receiver::start(|_| Reply::Never).await;
    for (url, timeout) in [(unreachable, OpenImGroups::TIMEOUT), (hanging.url().to_owned(), Duration::from_millis(50))]
    {
        let (result, is_written) = set(&url, timeout).await;
        let error = result.unwrap_err();
        assert_eq!(
            (Code::from(&error), error.is_retryable(), is_written),
            (Code::ServerInternal, true, false),
            "{url}"
        );
        let cause = std::error::Error::source(&error).unwrap().to_string();
        // The causes say more than that the request failed.
        let causes = cause.strip_prefix("no response: ").unwrap().split(": ").count();
        assert!(causes > 1 && !cause.contains("127.0.0.1"), "{cause}");
    }
}

#[tokio::test]
async fn accepts_responses_of_up_to_one_mebibyte() {
    let response = r#"{"errCode":0,"data":{"groupInfos":[{"groupID":"team"}]}}"#;
    for (length, expected) in [(1 << 20, (None, true)), ((1 << 20) + 1, (Some(Code::ServerInternal), false))] {
        let padded = format!("{response}{}", " ".repeat(length - response.len()));
        assert_eq!(set_with_reply(Reply::Body(padded)).await, expected, "{length}");
    }
}

#[tokio::test]
async fn hides_secrets() {
    let groups = OpenImGroups::new("https://u:password@example.org", "the-token", OpenImGroups::TIMEOUT).unwrap();
    let debug = format!("{groups:?}");
    assert_eq!(debug, "OpenImGroups { client: HttpClient { .. }, token: Sensitive }");
    let wrong = |url, token| OpenImGroups::new(url, token, OpenImGroups::TIMEOUT).unwrap_err();
    assert!(matches!(wrong("openim:10002", "t"), GroupsError::Client(ClientError::Url)));
    let error = wrong("http://openim:10002", "to\nken");
    assert_eq!(error.to_string(), "the token must be printable ASCII");
}
