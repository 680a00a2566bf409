//! Why the program cannot do what it was asked.

use std::{error::Error, io, path::PathBuf};

use conversation_store::StoreError;

/// Why the program ends at once, as one plain sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("{0}")]
    Usage(String),
    #[error("the secret in {0} {1}")]
    Secret(String, &'static str),
    #[error("cannot {doing} {}: {}", .path.display(), plain(.source))]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot listen on {address}: {}", plain(.source))]
    Listen { address: String, source: io::Error },
    #[error("this build has no {0} adapter: use memory: or sqlite:PATH")]
    NoAdapter(&'static str),
    #[error("cannot open the store: {}", chain(.0))]
    Store(StoreError),
    #[error("the operating system refused: {}", plain(.0))]
    System(#[from] io::Error),
}

/// An error of the operating system's without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// An error and its causes, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(|error| error.to_string().replace('\n', " ")).collect::<Vec<_>>().join(": ")
}
