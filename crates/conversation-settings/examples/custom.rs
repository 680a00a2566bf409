//! Two settings of the host's own, from an HTTP request to the event.
//!
//! `cargo run -p conversation-settings --example custom` serves, sends requests, prints the events, and ends.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::{error::Error, sync::Arc};

use axum::Router;
use conversation_settings::{
    ConversationId, CustomPatch, CustomSetting, CustomSettings, EventChannel, Filter, MemoryStore, PageRequest, Patch,
    Service, UserId,
    http::{Api, TokenAuthority},
    store::ConversationStore,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let declared = CustomSettings::new()
        .declare("theme", CustomSetting::text(16).default_value("light")?)?
        .declare("folder", CustomSetting::integer(0..=99))?;
    let (store, events) = (Arc::new(MemoryStore::new()), EventChannel::default());
    let mut changes = events.subscribe();
    let service = Service::builder(store.clone()).custom(declared.clone()).events(Arc::new(events)).build();
    let tokens = TokenAuthority::new("a secret of yours", [UserId::new("imAdmin")?]);
    let app = Router::new().nest("/settings", Api::with_tokens(service, tokens.clone()).router());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    // What clients send: a name that is not mentioned is kept, and `null` removes a name.
    let token = tokens.issue(&UserId::new("alice")?, 5);
    let set = |custom| post(address, &token, custom);
    assert!(set(r#"{"theme":"dark"}"#).await?.contains(r#""errCode":0"#));
    assert!(set(r#"{"folder":7}"#).await?.contains(r#""fields":["custom.folder"]"#));
    assert!(
        set(r#"{"folder":100}"#)
            .await?
            .contains("conversation.custom.folder: must be an integer from 0 to 99, got 100")
    );
    assert!(set(r#"{"color":1}"#).await?.contains("conversation.custom.color: is not a setting of this server"));

    // What the store has: both names.
    let in_folder_7 = Filter::is(Patch::KEEP.custom(CustomPatch::KEEP.set("folder", 7)?));
    let team = ConversationId::new("sg_team")?;
    let found = store.list_by_conversation(&team, &in_folder_7, &PageRequest::first(10)).await?.conversations;
    let custom = &found[0].settings.custom;
    assert_eq!(declared.value(custom, "theme"), Some(&"dark".try_into()?));

    assert!(set(r#"{"theme":null}"#).await?.contains(r#""fields":["custom.theme"]"#));
    let found = store.list_by_conversation(&team, &in_folder_7, &PageRequest::first(10)).await?.conversations;
    assert_eq!(declared.value(&found[0].settings.custom, "theme"), Some(&"light".try_into()?), "the default");

    // What a sink receives: the names that changed, and their values.
    for expected in ["custom.theme", "custom.folder", "custom.theme"] {
        let event = changes.recv().await?;
        let names: Vec<_> = event.values.names().collect();
        assert_eq!(names, [expected]);
        println!("{} of {}: {} {names:?}", event.conversation_id, event.owner, event.kind.name());
    }
    Ok(())
}

/// Sets `custom` for alice, and returns the response.
async fn post(address: std::net::SocketAddr, token: &str, custom: &str) -> Result<String, Box<dyn Error>> {
    let conversation =
        format!(r#"{{"conversationID":"sg_team","conversationType":3,"groupID":"team","custom":{custom}}}"#);
    let body = format!(r#"{{"userIDs":["alice"],"conversation":{conversation},"report":true}}"#);
    let request = format!(
        "POST /settings/conversation/set_conversations HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\noperationID: 1\r\ntoken: {token}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len(),
    );
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response)
}
