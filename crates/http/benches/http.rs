//! The cost of a call over HTTP, beside an axum handler that parses the same body and returns the same bytes.

use std::{
    hint::black_box,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
};

use axum::{Router, body::Bytes, http::header::CONTENT_TYPE, response::IntoResponse, routing::post};
use conversation_settings_bench as bench;
use conversation_settings_core::{SetConversationsRequest, UserId};
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;
use tokio::{net::TcpListener, runtime::Builder};

const PATH: &str = "/conversation/set_conversations";
const RESPONSE: &str = r#"{"errCode":0,"errMsg":"","errDlt":"","data":null}"#;

/// Calls in a round.
const CALLS: usize = 500;

fn main() {
    if !bench::is_wanted() {
        return;
    }
    bench::share_a_core();
    let tokens = TokenAuthority::new("hush", [UserId::new("imAdmin").unwrap()]);
    let service = Service::builder(Arc::new(MemoryStore::new())).build();
    let token = tokens.issue(&UserId::new("imAdmin").unwrap(), 10);
    // Each call changes a setting.
    let requests = [0, 1].map(|turn| request(&token, turn));
    let (mut ours, mut bare) = (serve(Api::with_tokens(service, tokens).router()), serve(by_hand()));
    bench::ratio(
        "http_set",
        101,
        || bench::timed(|| (0..CALLS).for_each(|call| ours.call(&requests[call % 2]))),
        || bench::timed(|| (0..CALLS).for_each(|call| bare.call(&requests[call % 2]))),
    );
}

fn by_hand() -> Router {
    let handler = |body: Bytes| async move {
        let request: SetConversationsRequest = serde_json::from_slice(&body).unwrap();
        black_box(request);
        ([(CONTENT_TYPE, "application/json")], RESPONSE).into_response()
    };
    Router::new().route(PATH, post(handler))
}

/// The published example, for one user, with a setting that alternates.
fn request(token: &str, turn: usize) -> Vec<u8> {
    let is_pinned = turn == 0;
    let body = format!(
        r#"{{"userIDs":["6965946400"],"conversation":{{"conversationID":"sg_3580441235","conversationType":3,"userID":"","groupID":"3580441235","recvMsgOpt":0,"attachedInfo":"attached","isPinned":{is_pinned},"ex":"","burnDuration":30}}}}"#
    );
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\noperationID: 1646445464564\r\ntoken: {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A client with one open connection.
struct Client {
    connection: TcpStream,
    response: Vec<u8>,
}

/// Starts a server for `router` on its own threads and connects.
fn serve(router: Router) -> Client {
    // One worker: with more, a sequential client measures which of them wakes first.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await }));
    let connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    Client { connection, response: vec![0; 4_096] }
}

impl Client {
    fn call(&mut self, request: &[u8]) {
        self.connection.write_all(request).unwrap();
        let mut read = 0;
        while !self.response[..read].ends_with(RESPONSE.as_bytes()) {
            let more = self.connection.read(&mut self.response[read..]).unwrap();
            assert_ne!(more, 0, "{}", String::from_utf8_lossy(&self.response[..read]));
            read += more;
        }
    }
}
