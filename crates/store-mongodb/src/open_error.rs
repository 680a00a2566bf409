//! Why a database cannot be opened.

use std::time::Duration;

use conversation_settings_store::BoxError;
use mongodb::error::ErrorKind;

/// How long the driver looks for a primary before an attempt fails.
pub(crate) const SELECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database cannot be used. The message is one plain sentence and contains no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is malformed. The message does not repeat the address, which may contain a password.
    #[error(
        "not a MongoDB address: write mongodb://USER:PASSWORD@HOST,HOST/DATABASE?replicaSet=NAME, and in USER and \
         PASSWORD %40 for @, %3A for :, %2F for / and %25 for %"
    )]
    Address,
    /// The address has the scheme `mongodb+srv`.
    #[error(
        "mongodb+srv:// is not supported: name the hosts that its DNS record lists, as in \
         mongodb://USER:PASSWORD@HOST,HOST,HOST/DATABASE?replicaSet=NAME&authSource=admin&tls=true"
    )]
    Srv,
    /// The driver does not accept an option of the address.
    #[error("the option {name} in the MongoDB address {problem}")]
    AddressOption {
        /// The option's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The database name in the address is invalid.
    #[error(
        "the database name in the address must have at most 63 bytes and none of / \\ . \" $ * < > : | ? or white space"
    )]
    Database,
    /// No primary answered.
    #[error("no MongoDB primary at {hosts} answered within {} seconds", SELECTION_TIMEOUT.as_secs())]
    Unreachable {
        /// The hosts in the address.
        hosts: String,
        /// The driver's error.
        source: BoxError,
    },
    /// Unknown user or wrong password.
    #[error("MongoDB refused the user or the password in the address")]
    Login {
        /// The server's answer.
        source: BoxError,
    },
    /// The user lacks rights.
    #[error("the MongoDB user lacks rights: it needs the role readWrite on the database in the address")]
    Rights {
        /// The server's answer.
        source: BoxError,
    },
    /// The server belongs to no replica set, so it has no transactions.
    #[error(
        "MongoDB runs without a replica set, which transactions need: start mongod with --replSet rs0 and run \
         rs.initiate() in mongosh once"
    )]
    Standalone,
    /// The server is too old.
    #[error("MongoDB is too old: 5.0 or later is needed")]
    TooOld,
    /// An index exists with options that the adapter cannot use.
    #[error("{collection} has an index {keys} with other options than needed, which are {}", options(*unique))]
    Index {
        /// The collection.
        collection: String,
        /// The index's keys.
        keys: String,
        /// Whether the index must be unique.
        unique: bool,
    },
    /// Any other failure.
    #[error("MongoDB could not be made ready")]
    Other {
        /// The driver's error.
        source: BoxError,
    },
}

const fn options(unique: bool) -> &'static str {
    if unique { "unique: true and no others" } else { "none" }
}

impl OpenError {
    pub(crate) fn from_driver(error: mongodb::error::Error) -> Self {
        let code = match &*error.kind {
            ErrorKind::Command(command) => command.code,
            ErrorKind::Authentication { .. } => 18,
            _ => 0,
        };
        let source = error.into();
        match code {
            18 => Self::Login { source },
            13 => Self::Rights { source },
            _ => Self::Other { source },
        }
    }
}
