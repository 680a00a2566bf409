//! A client for the examples in `examples/`, which serve the calls from hyper and from actix-web.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Pins a group's conversation for the user of `token`, by a call below `/settings`. Returns the whole response.
///
/// # Errors
///
/// The connection's.
pub async fn pin(server: SocketAddr, user: &str, token: &str) -> std::io::Result<String> {
    let conversation = r#"{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true}"#;
    let body = format!(r#"{{"userIDs":["{user}"],"conversation":{conversation}}}"#);
    let head = format!(
        "POST /settings/conversation/set_conversations HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\
         operationID: 1\r\ntoken: {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    send(server, &(head + &body)).await
}

/// Gets the host's own page.
///
/// # Errors
///
/// The connection's.
pub async fn own_page(server: SocketAddr) -> std::io::Result<String> {
    send(server, &format!("GET / HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n")).await
}

async fn send(server: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(server).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response)
}
