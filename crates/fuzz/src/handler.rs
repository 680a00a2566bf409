//! The whole HTTP host on a memory store: what is sent, and what has to come back.
//!
//! An input is a text that people can write too, of requests to one server, one after the other, with `===` on a line
//! between them. Each has a head, an empty line, and a body. The head's first line is the method, the path and the user
//! whose token it carries, or nobody; each other line is a header. A header `pieces: N` is not sent, but has the body
//! come in pieces of so many bytes, and `pieces: N broken` has it break off after them:
//!
//! ```text
//! POST /conversation/get_conversation alice
//! operationID: op-7
//! pieces: 10
//!
//! {"ownerUserID":"alice","conversationID":"sg_team"}
//! ```

mod answer;
mod script;

use std::{cell::LazyCell, collections::BTreeSet};

use axum::{Router, body::Body};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use tower_http::decompression::Decompression;

pub use answer::Answer;
use script::Sent;

use crate::server;

thread_local! {
    static RUNTIME: LazyCell<Runtime> = const { LazyCell::new(runtime) };
}

/// Whatever is sent is answered by an envelope with a code of the table, never that of a failure inside; what the server
/// is made of is in none of them. What is sent twice is answered alike.
///
/// # Panics
///
/// When that does not hold.
pub fn handler(data: &[u8]) {
    drop(answers(data));
}

/// The paths that the server serves.
#[must_use]
pub fn paths() -> BTreeSet<&'static str> {
    server::host().paths().into_iter().collect()
}

/// What the server answers to an input, to whom it matters.
///
/// # Panics
///
/// When a promise is broken.
#[must_use]
pub fn answers(data: &[u8]) -> Vec<Answer> {
    RUNTIME.with(|runtime| {
        // Within it, so that what it started is gone before the next.
        runtime.block_on(async {
            let host = server::host();
            let paths = host.paths();
            let router = host.router();
            let mut answers = Vec::new();
            for sent in script::read(data, &paths) {
                let answer = send(&router, &sent).await;
                answer.check(&sent);
                let again = send(&router, &sent).await;
                assert_eq!(again.code(), answer.code(), "{answer:?}, and when sent again: {again:?}");
                answers.push(answer);
            }
            answers
        })
    })
}

async fn send(router: &Router, sent: &Sent<'_>) -> Answer {
    // It takes gzip, unless what is sent says otherwise, and reads it.
    let response = match Decompression::new(router.clone()).oneshot(sent.request()).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    Answer::read(sent, response.map(Body::new)).await
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime needs nothing")
}
