//! Conversation settings in an axum server that already has a PostgreSQL pool, in the same database as its own tables.
//!
//! Run it with `CONVERSATION_TEST_POSTGRES=postgres://… cargo run -p conversation-settings-store-postgres --example own_pool`. It
//! serves, calls itself, prints the rows in the database, and ends.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::{env, error::Error, process::ExitCode, sync::Arc};

use axum::{Router, extract::State, routing::get};
use conversation_settings_core::UserId;
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::Service;
use conversation_settings_store_postgres::{PostgresStore, Schema, deadpool_postgres as deadpool};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_postgres::{Config, NoTls};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // What you have: a pool, and a server that uses it.
    let address = env::var("CONVERSATION_TEST_POSTGRES").unwrap_or("postgres://postgres@127.0.0.1/postgres".to_owned());
    let config: Config = address.parse()?;
    let pool = deadpool::Pool::builder(deadpool::Manager::new(config, NoTls)).max_size(4).build()?;
    if pool.get().await.is_err() {
        println!("skipped: no PostgreSQL at {}", address.rsplit('@').next().unwrap_or_default());
        return Ok(if env::var_os("CI").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let yours = Router::new().route("/connections", get(connections)).with_state(pool.clone());

    // What you add: a store on your pool, in a schema of its own, and its router in yours.
    let schema = Schema::new("own_pool_example")?;
    let store = PostgresStore::with_pool(pool.clone(), &schema).await?;
    let tokens = TokenAuthority::new("a secret of yours", [UserId::new("imAdmin")?]);
    let conversations = Api::with_tokens(Service::builder(Arc::new(store)).build(), tokens.clone()).router();
    let app = yours.merge(conversations);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });

    // A client's request.
    let body = r#"{"userIDs":["alice"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true}}"#;
    let headers = format!("operationID: 1\r\ntoken: {}\r\n", tokens.issue(&UserId::new("alice")?, 5));
    let response = call(&server, "POST /conversation/set_conversations", &headers, body).await?;
    println!("{response}");
    assert_eq!(response, r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#);
    println!("{}", call(&server, "GET /connections", "", "").await?);

    // The rows in your database.
    let client = pool.get().await?;
    let rows =
        client.query("SELECT owner, conversation_id, is_pinned FROM own_pool_example.conversations", &[]).await?;
    for row in &rows {
        println!("{} has {}, pinned: {}", row.get::<_, &str>(0), row.get::<_, &str>(1), row.get::<_, bool>(2));
    }
    assert_eq!(rows.len(), 1);
    client.batch_execute("DROP SCHEMA own_pool_example CASCADE").await?;
    Ok(ExitCode::SUCCESS)
}

/// Your own route, on the same pool.
async fn connections(State(pool): State<deadpool::Pool>) -> String {
    let status = pool.status();
    format!("{} of {} connections are open", status.size, status.max_size)
}

/// Sends a request and returns the response's body.
async fn call(server: &str, what: &str, headers: &str, body: &str) -> Result<String, Box<dyn Error>> {
    let request = format!(
        "{what} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(server).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
