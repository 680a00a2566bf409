//! From a body to a request.

mod explain;
mod form;
mod names;
mod watch;

use std::borrow::Cow;

use conversation_settings_core::{ArgsError, Path, Violation};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::{sync::Semaphore, task::spawn_blocking};
use utoipa::ToSchema;

pub(crate) use names::{Names, resembling};

use crate::{ApiError, body::RequestBytes, body_budget::Reservation};
use watch::{Log, Watched};

/// The arguments of a call, as a client sends them.
pub(crate) trait Arguments: DeserializeOwned + ToSchema + Send + 'static {
    /// The names that a client may send.
    fn names() -> &'static Names;

    /// Takes the paths of the names that the client sent and the server ignores, for a response that lists them.
    fn take_ignored(&mut self, _paths: Vec<String>) {}
}

/// Bodies from this size are decoded on a thread of their own, because that takes milliseconds.
const LARGE_BYTES: usize = 256 * 1024;

/// One such body at a time is decoded: a list of millions of empty texts takes more than ten times its bytes, until it
/// is found to be too long.
static LARGE: Semaphore = Semaphore::const_new(1);

/// A request from a body.
pub(crate) struct Decoded<R> {
    pub(crate) request: R,
    /// The paths of names that the server ignores.
    pub(crate) ignored: Vec<String>,
    /// What the body takes of the memory for all bodies.
    pub(crate) memory: Option<Reservation>,
}

/// The request in `body`.
pub(crate) async fn decode_body<R: Arguments>(body: RequestBytes) -> Result<Decoded<R>, ApiError> {
    if body.bytes.len() < LARGE_BYTES {
        return decode(body);
    }
    let turn = LARGE.acquire().await.map_err(ApiError::internal)?;
    // The turn ends with the work, even if the caller is gone.
    let decoding = spawn_blocking(move || {
        let request = decode(body);
        drop(turn);
        request
    });
    decoding.await.unwrap_or_else(|error| Err(ApiError::internal(error)))
}

/// The request in `body`, which must be one JSON object.
///
/// A name that the server does not know is ignored, unless the client certainly meant a known one.
fn decode<R: Arguments>(RequestBytes { bytes, memory }: RequestBytes) -> Result<Decoded<R>, ApiError> {
    let body = &*bytes;
    match body.trim_ascii_start().first() {
        None => return Err(invalid("", "is empty")),
        Some(b'{') => (),
        // Derived code would also accept an array.
        Some(_) => return Err(invalid("", form::problem(body).unwrap_or("must be a JSON object"))),
    }
    let log = Log::new(R::names());
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = R::deserialize(Watched::new(&mut json, &log)).and_then(|request| json.end().map(|()| request));
    let mut request = read.map_err(|error| match error.classify() {
        Category::Data => explain::explain::<R>(body, &error),
        Category::Syntax | Category::Eof | Category::Io => not_json(body, &error),
    })?;
    let ignored = log.into_ignored().map_err(ApiError::from)?;
    if !ignored.is_empty() {
        request.take_ignored(ignored.clone());
    }
    Ok(Decoded { request, ignored, memory })
}

fn not_json(body: &[u8], error: &serde_json::Error) -> ApiError {
    if let Some(problem) = form::problem(body) {
        return invalid("", problem);
    }
    match std::str::from_utf8(body) {
        Ok(_) => invalid("", format!("cannot be parsed as JSON: {error}")),
        Err(error) => {
            let at = error.valid_up_to();
            invalid("", format!("cannot be parsed as JSON: is not UTF-8 from byte {at} on"))
        }
    }
}

fn invalid(path: &str, problem: impl Into<Cow<'static, str>>) -> ApiError {
    ArgsError::new(Path::Decoded(path.to_owned()), Violation::Rule(problem.into())).into()
}
