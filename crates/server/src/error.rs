//! Why the program cannot do what it was asked.

use std::{error::Error, io, iter, path::PathBuf};

use conversation_settings_http::ApiError;

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
    #[error("cannot open the store: {0}")]
    Store(String),
    #[error("cannot measure: {0}")]
    Recorder(String),
    #[error("cannot make a token: {0}")]
    Token(ApiError),
    #[error("the operating system refused: {}", plain(.0))]
    System(#[from] io::Error),
}

impl StartError {
    /// A recorder of metrics that cannot be installed.
    pub(crate) fn recorder(error: impl Error) -> Self {
        Self::Recorder(error.to_string())
    }

    /// A store that cannot be opened: the sentence alone, where the causes below it are a driver's own.
    pub(crate) fn store(error: impl Error) -> Self {
        Self::Store(error.to_string())
    }

    /// A store that cannot be opened, and why not.
    pub(crate) fn store_and_causes(error: impl Error + 'static) -> Self {
        let causes = iter::successors(Some(&error as &(dyn Error + 'static)), |&error| error.source());
        Self::Store(causes.map(|error| plain(&error.to_string().replace('\n', " "))).collect::<Vec<_>>().join(": "))
    }
}

/// An error without the operating system's number of it.
fn plain(error: &impl ToString) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
