//! Errors of redb, and their kinds in the contract.

use conversation_settings_core::{Key, Rejected};
use conversation_settings_store::{BoxError, StoreError};

/// Why a database file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database")]
pub struct OpenError(#[source] pub(crate) redb::Error);

impl<E: Into<redb::Error>> From<E> for OpenError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Why a call failed, before it is one of the contract's kinds.
#[derive(Debug)]
pub(crate) enum Error {
    Rejected(Rejected),
    Engine(redb::Error),
    Row { key: Option<Box<Key>>, source: BoxError },
    Stopped(tokio::task::JoinError),
    Unwanted,
}

impl<E: Into<redb::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        const STORE: &str = "redb";
        match error {
            Error::Rejected(rejected) => Self::Rejected(rejected),
            Error::Unwanted => Self::unwanted(STORE),
            Error::Row { key, source } => Self::Corrupt { store: STORE, key, source },
            Error::Stopped(source) => Self::Other { store: STORE, source: source.into() },
            Error::Engine(error) => match error {
                redb::Error::Corrupted(_) => Self::Corrupt { store: STORE, key: None, source: error.into() },
                redb::Error::ValueTooLarge(_) => Self::Invalid { store: STORE, source: error.into() },
                redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
                    Self::Unavailable { store: STORE, source: error.into() }
                }
                error => Self::Other { store: STORE, source: error.into() },
            },
        }
    }
}
