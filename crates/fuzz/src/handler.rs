//! The HTTP host on a memory store, against any requests.
//!
//! An input is readable text: requests to one server, in sequence, separated by lines of `===`. A request is a head, an
//! empty line and a body. The head's first line is the method, the path and the user of the token, or no user. Each other
//! line is a header. The line `pieces: N` is not sent: the body is sent in pieces of N bytes. With `pieces: N broken` the
//! connection breaks after them.
//!
//! ```text
//! POST /conversation/get_conversation alice
//! operationID: op-7
//! pieces: 10
//!
//! {"ownerUserID":"alice","conversationID":"sg_team"}
//! ```

mod response;
mod script;

use std::{cell::LazyCell, collections::BTreeSet};

use axum::{Router, body::Body};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use tower_http::decompression::Decompression;

pub use response::Reply;
use script::Sent;

use crate::server;

thread_local! {
    static RUNTIME: LazyCell<Runtime> = const { LazyCell::new(runtime) };
}

/// Every request gets an envelope with a known code, never the code of an internal failure. No envelope shows the
/// server's internals. The same request gets the same code again.
///
/// # Panics
///
/// When a reply breaks a promise.
pub fn handler(data: &[u8]) {
    drop(replies(data));
}

/// The paths that the server serves.
#[must_use]
pub fn paths() -> BTreeSet<&'static str> {
    server::api().paths().into_iter().collect()
}

/// The server's replies to an input.
///
/// # Panics
///
/// When a reply breaks a promise.
#[must_use]
pub fn replies(data: &[u8]) -> Vec<Reply> {
    RUNTIME.with(|runtime| {
        // Inside the runtime, so that its tasks end before the next input.
        runtime.block_on(async {
            let api = server::api();
            let paths = api.paths();
            let router = api.router();
            let mut replies = Vec::new();
            for sent in script::read(data, &paths) {
                let reply = send(&router, &sent).await;
                reply.check(&sent);
                let again = send(&router, &sent).await;
                assert_eq!(again.code(), reply.code(), "{reply:?}, and when sent again: {again:?}");
                replies.push(reply);
            }
            replies
        })
    })
}

async fn send(router: &Router, sent: &Sent<'_>) -> Reply {
    // Accepts gzip unless the request says otherwise.
    let response = match Decompression::new(router.clone()).oneshot(sent.request()).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    Reply::read(sent, response.map(Body::new)).await
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime can be built")
}
