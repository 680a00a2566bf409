//! Finding the server, and seeing whether it will do.

use std::time::Duration;

use conversation_settings_store::BoxError;
use mongodb::{
    Client,
    bson::{Document, doc},
    error::ErrorKind,
    options::{ClientOptions, ReadPreference, SelectionCriteria},
};

use crate::{primary::Primary, queries::Collections, schema, transaction::durable};

/// OpenIM's own.
const DEFAULT_DATABASE: &str = "openim_v3";

/// How long to look for a primary before an attempt counts as failed.
const SELECTION: Duration = Duration::from_secs(5);

/// More callers at once than this wait for each other. The driver's own default is 10.
const CONNECTIONS: u32 = 100;

/// The first protocol with reads of one moment outside of a transaction: that of MongoDB 5.0.
const WIRE_VERSION: i32 = 13;

/// Why a database cannot be used. The message is one plain sentence and holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is none. What it holds is not repeated, since it may hold a password.
    #[error(
        "the address is none of MongoDB's, mongodb://USER:PASSWORD@HOST,HOST/DATABASE?replicaSet=NAME, in which USER \
         and PASSWORD have %40 for @, %3A for :, %2F for / and %25 for %"
    )]
    Address,
    /// The database's name is none.
    #[error(
        "the database's name in the address must not be longer than 63 bytes or hold any of / \\ . \" $ * < > : | ? and blanks"
    )]
    Database,
    /// No server answers that could be written to.
    #[error("no MongoDB primary at {hosts} answered within {} seconds", SELECTION.as_secs())]
    Unreachable {
        /// Where was looked.
        hosts: String,
        /// What was found.
        source: BoxError,
    },
    /// The server knows the user not, or by another password.
    #[error("MongoDB refused the user or the password in the address")]
    Login {
        /// What the server said.
        source: BoxError,
    },
    /// The user lacks rights.
    #[error("the MongoDB user lacks rights: it needs the role readWrite on the database in the address")]
    Rights {
        /// What the server said.
        source: BoxError,
    },
    /// The server stands alone, so it has no transactions.
    #[error(
        "MongoDB runs without a replica set, which transactions need: start mongod with --replSet rs0 and run \
         rs.initiate() in mongosh once"
    )]
    Standalone,
    /// The server is too old.
    #[error("MongoDB is too old: 5.0 or later is needed")]
    TooOld,
    /// An index is there with other options than are needed.
    #[error("{collection} has an index {keys} with other options than needed, which are {}", options(*unique))]
    Index {
        /// The collection.
        collection: String,
        /// The index's keys.
        keys: String,
        /// Whether it has to be unique.
        unique: bool,
    },
    /// Anything else.
    #[error("MongoDB could not be made ready")]
    Other {
        /// What was found.
        source: BoxError,
    },
}

const fn options(unique: bool) -> &'static str {
    if unique { "unique: true and no others" } else { "none" }
}

impl OpenError {
    pub(crate) fn of(error: mongodb::error::Error) -> Self {
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

/// Connects to the database at `address` and makes its indexes where they are missing.
pub(crate) async fn open(address: &str) -> Result<Collections, OpenError> {
    let mut options = ClientOptions::parse(address).await.map_err(|error| match &*error.kind {
        // The driver's own check of the name.
        ErrorKind::InvalidArgument { message, .. } if message.contains("database name") => OpenError::Database,
        _ => OpenError::Address,
    })?;
    let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let is_allowed = |c: char| !c.is_control() && !c.is_whitespace() && !"/\\.\"$*<>:|?".contains(c);
    if name.len() > 63 || !name.chars().all(is_allowed) {
        return Err(OpenError::Database);
    }
    let hosts = options.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.max_pool_size.get_or_insert(CONNECTIONS);
    // What the address says gives way to the contract: the primary answers, and what is written is there to stay. Reads
    // get their concern from their session, which one set here would silently replace.
    options.read_concern = None;
    options.write_concern = Some(durable());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let (members, primary) = Primary::watch();
    options.sdam_event_handler = Some(members);
    let client = Client::with_options(options).map_err(|_| OpenError::Address)?;
    let database = client.database(&name);

    let hello = database.run_command(doc! { "hello": 1 }).await.map_err(|error| match &*error.kind {
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) => OpenError::Unreachable { hosts, source: error.into() },
        _ => OpenError::of(error),
    })?;
    check(&hello)?;
    let collections = Collections::new(database, primary);
    schema::prepare(&collections).await?;
    Ok(collections)
}

/// Whether the server has transactions: as a member of a replica set, or as a sharded cluster's router.
fn check(hello: &Document) -> Result<(), OpenError> {
    let is_router = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    if !is_router && !hello.contains_key("setName") {
        return Err(OpenError::Standalone);
    }
    if hello.get_i32("maxWireVersion").unwrap_or_default() < WIRE_VERSION {
        return Err(OpenError::TooOld);
    }
    Ok(())
}
