//! Why the program ends with a failure.

use std::{error::Error, io, iter, path::PathBuf};

/// One plain sentence for standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("{0}")]
    Usage(String),
    #[error("{0} {1}")]
    Secret(String, &'static str),
    #[error("cannot {action} {what} {}: {}", .path.display(), plain(.source))]
    File { action: &'static str, what: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot listen on {address}: {}", plain(.source))]
    Listen { address: String, source: io::Error },
    #[error("cannot open the store: {0}")]
    Store(String),
    #[error("{0}")]
    Backup(String),
    #[error("cannot renew the log: {0}")]
    Renewal(String),
    #[error("cannot install the metrics recorder: {0}")]
    Metrics(String),
    #[error("system error: {}", plain(.0))]
    System(#[from] io::Error),
}

impl StartError {
    pub(crate) fn metrics(error: impl Error) -> Self {
        Self::Metrics(error.to_string())
    }

    /// The adapters keep secrets out of their errors and the causes.
    pub(crate) fn store(error: impl Error + 'static) -> Self {
        Self::Store(with_causes(&error))
    }

    pub(crate) fn authorities(error: impl Error + 'static) -> Self {
        Self::Usage(format!("--ca-file: {}", with_causes(&error)))
    }

    pub(crate) fn renewal(error: impl Error + 'static) -> Self {
        Self::Renewal(with_causes(&error))
    }

    pub(crate) fn backup(error: impl Error + 'static) -> Self {
        Self::Backup(with_causes(&error))
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    causes.map(|error| plain(&error.to_string().replace('\n', " "))).collect::<Vec<_>>().join(": ")
}

/// The error's text without the operating system's error number.
fn plain(error: &impl ToString) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
