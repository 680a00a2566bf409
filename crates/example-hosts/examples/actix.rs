//! Serves the calls from a server built with actix-web: one handler hands each request to the router.
//!
//! `cargo run -p conversation-settings-example-hosts --example actix` serves, sends two requests, and ends.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use conversation_settings::{
    MemoryStore, Service, UserId,
    http::{Api, TokenAuthority},
};
use conversation_settings_example_hosts::{own_page, pin};
use tower::ServiceExt;

/// Translates between the two frameworks' types. actix-web has the types of an older version of the crate `http`.
async fn call(
    calls: web::Data<Router>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Box<dyn Error>> {
    let mut call = Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        call = call.header(name.as_str(), value.as_bytes());
    }
    if let Some(peer) = request.peer_addr() {
        call = call.extension(ConnectInfo(peer));
    }
    let (head, body) = calls.get_ref().clone().oneshot(call.body(Body::from(body))?).await?.into_parts();
    let mut response = HttpResponse::build(StatusCode::from_u16(head.status.as_u16())?);
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    // Long lists are read while they are written.
    Ok(response.streaming(body.into_data_stream()))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What you add: a service over a store, and its calls under a path. actix-web limits bodies itself.
    let service = Service::builder(MemoryStore::new()).build();
    let tokens = TokenAuthority::new("a secret of yours", [UserId::new("imAdmin")?]);
    let calls = Api::with_tokens(service, tokens.clone()).without_body_limits().calls();
    let calls = web::Data::new(Router::new().nest("/settings", calls));

    let server = HttpServer::new(move || {
        App::new()
            .app_data(calls.clone())
            .app_data(web::PayloadConfig::new(Api::DEFAULT_MAX_BODY_BYTES))
            .route("/", web::get().to(async || "your own server"))
            .route("/settings/{path:.*}", web::to(call))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0")?;
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());

    // What a client sends.
    let response = pin(address, "alice", &tokens.issue(&UserId::new("alice")?, 5)).await?;
    println!("{response}");
    assert!(response.contains(r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#));
    assert!(own_page(address).await?.ends_with("your own server"));
    Ok(())
}
