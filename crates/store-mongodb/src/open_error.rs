//! Why a database cannot be opened.

use std::time::Duration;

use conversation_settings_store::BoxError;
use mongodb::error::ErrorKind;

use crate::collections::{CONVERSATIONS, VERSIONS};

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
    /// The host's client has a read concern.
    #[error(
        "the client has a read concern, which would replace the store's: leave it out and set it for your own collections"
    )]
    ReadConcern,
    /// No primary answered.
    #[error("no MongoDB primary at {hosts} answered within {} seconds", SELECTION_TIMEOUT.as_secs())]
    Unreachable {
        /// The hosts in the address.
        hosts: String,
        /// The driver's error.
        source: BoxError,
    },
    /// The members belong to another replica set than the address names.
    #[error("the replica set is named {found}, and the address says replicaSet={expected}")]
    ReplicaSet {
        /// The name in the address.
        expected: String,
        /// The members' own.
        found: String,
    },
    /// A server has no trusted certificate for its name, or no TLS. A program trusts others with `Authorities`.
    #[error(
        "MongoDB at {hosts} offers no TLS with a certificate for that name from a trusted authority: trust your own \
         with --ca-file"
    )]
    Tls {
        /// The hosts in the address.
        hosts: String,
        /// The cause at each server.
        source: BoxError,
    },
    /// A file that the address names for TLS cannot be used.
    #[error("{problem}")]
    TlsFile {
        /// The file, and what is wrong with it.
        problem: String,
    },
    /// Unknown user or wrong password.
    #[error(
        "MongoDB refused the user or the password in the address, and looked for the user in the database {database}: if it \
         was created in another one, append authSource=NAME"
    )]
    Login {
        /// The database in which the server looked for the user.
        database: String,
        /// The server's answer.
        source: BoxError,
    },
    /// The user lacks rights.
    #[error(
        "the MongoDB user lacks rights: it needs find, insert, update, remove and listIndexes on the collections \
         {CONVERSATIONS} and {VERSIONS}"
    )]
    Rights {
        /// The server's answer.
        source: BoxError,
    },
    /// Indexes are missing, and the user may not create them.
    #[error(
        "indexes are missing, and the MongoDB user may not create them: run this in mongosh as a user with the role \
         readWrite: {commands}"
    )]
    MissingIndexes {
        /// The commands that create them.
        commands: String,
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
    pub(crate) fn from_driver(error: &mongodb::error::Error) -> Self {
        let source = cause(error).into();
        if is_unauthorized(error) { Self::Rights { source } } else { Self::Other { source } }
    }
}

pub(crate) fn is_unauthorized(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == 13)
}

/// What happened, in one line without the driver's labels.
pub(crate) fn cause(error: &mongodb::error::Error) -> String {
    let text = match &*error.kind {
        ErrorKind::Command(command) => format!("{} ({})", command.message, command.code_name),
        ErrorKind::Authentication { message, .. } => message.clone(),
        ErrorKind::Io(error) => error.to_string(),
        kind => kind.to_string(),
    };
    // The operating system's number says nothing more.
    text.split(" (os error").next().unwrap_or(&text).replace('\n', " ")
}
