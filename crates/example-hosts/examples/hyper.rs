//! Serves the calls from a server built with hyper alone.
//!
//! `cargo run -p conversation-settings-example-hosts --example hyper` serves, sends two requests, and ends.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, body::Body, extract::ConnectInfo};
use conversation_settings::{
    MemoryStore, Service, UserId,
    http::{Api, TokenAuthority},
};
use conversation_settings_example_hosts::{own_page, pin};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// What you have: a function from a request to a response. Other paths than yours go to the calls.
async fn respond(
    calls: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/" {
        return Ok(Response::new("your own server".into()));
    }
    // Logs and `Authenticate` see the peer.
    request.extensions_mut().insert(ConnectInfo(peer));
    calls.oneshot(request).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What you add: a service over a store, and its calls under a path.
    let service = Service::builder(MemoryStore::new()).build();
    let tokens = TokenAuthority::new("a secret of yours", [UserId::new("imAdmin")?]);
    let calls = Router::new().nest("/settings", Api::with_tokens(service, tokens.clone()).calls());

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let calls = calls.clone();
            let service = service_fn(move |request| respond(calls.clone(), peer, request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });

    // What a client sends.
    let response = pin(server, "alice", &tokens.issue(&UserId::new("alice")?, 5)).await?;
    println!("{response}");
    assert!(response.ends_with(r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#));
    assert!(own_page(server).await?.ends_with("your own server"));
    Ok(())
}
