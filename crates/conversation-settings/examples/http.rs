//! Mounts the HTTP router in an axum server, over a store in memory.
//!
//! `cargo run -p conversation-settings --example http` serves, sends one request, and ends.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use axum::{Router, routing::get};
use conversation_settings::{
    MemoryStore, Service, UserId,
    http::{Api, TokenAuthority},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What you add: a service over a store, and a router over the service.
    let service = Service::builder(MemoryStore::new()).build();
    let tokens = TokenAuthority::new("a secret of yours", [UserId::new("imAdmin")?]);
    let conversations = Api::with_tokens(service, tokens.clone()).router();
    let app = Router::new().route("/", get(|| async { "your own server" })).nest("/settings", conversations);

    // What you have.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    // What a client sends.
    let body = r#"{"userIDs":["alice"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true}}"#;
    let request = format!(
        "POST /settings/conversation/set_conversations HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\noperationID: 1\r\n\
         token: {}\r\ncontent-length: {}\r\n\r\n{body}",
        tokens.issue(&UserId::new("alice")?, 5),
        body.len(),
    );
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    println!("{response}");
    assert!(response.ends_with(r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#));
    Ok(())
}
