//! Connecting: parses the address, finds a primary, checks that the server is fit, makes missing indexes.

use std::{fs, io, sync::Arc};

use conversation_settings_store::WriteProfile;
use conversation_settings_tls::Authorities;
use mongodb::{
    Client, Database,
    bson::{Document, doc},
    error::ErrorKind,
    options::{ClientOptions, DatabaseOptions, ReadPreference, SelectionCriteria, Tls},
};
use tempfile::{NamedTempFile, TempPath};

use crate::{
    address_option,
    collections::Collections,
    open_error::{OpenError, SELECTION_TIMEOUT, cause},
    primary::Primary,
    rights, schema,
    sightings::Sightings,
    transaction::durable,
};

/// OpenIM's own database.
const DEFAULT_DATABASE: &str = "openim_v3";

/// Calls beyond this number wait for a connection. The driver's default is 10.
const MAX_CONNECTIONS: u32 = 100;

/// Transactions at a time on a sharded cluster: as many as keep several shards busy, well below [`MAX_CONNECTIONS`].
const SHARDED_LANES: usize = 64;

/// MongoDB 5.0: the first version with snapshot reads outside of transactions.
const MIN_WIRE_VERSION: i32 = 13;

/// The collections, and how concurrent batches are best applied.
pub(crate) async fn open(address: &str, authorities: &Authorities) -> Result<(Collections, WriteProfile), OpenError> {
    if address.split("://").next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("mongodb+srv")) {
        return Err(OpenError::Srv);
    }
    let mut options = ClientOptions::parse(address).await.map_err(|error| match &*error.kind {
        // The driver checks the name too.
        ErrorKind::InvalidArgument { message, .. } if message.contains("database name") => OpenError::Database,
        ErrorKind::InvalidArgument { message, .. } => {
            address_option::refused(address, message).unwrap_or(OpenError::Address)
        }
        _ => OpenError::Address,
    })?;
    let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    if !is_database_name(&name) {
        return Err(OpenError::Database);
    }
    let hosts = options.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    options.server_selection_timeout.get_or_insert(SELECTION_TIMEOUT);
    options.max_pool_size.get_or_insert(MAX_CONNECTIONS);
    // The contract overrides the address: the primary serves every call, and writes are durable. Reads take their
    // concern from the session, which a concern set here would silently replace.
    options.read_concern = None;
    options.write_concern = Some(durable());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let with_tls = matches!(options.tls, Some(Tls::Enabled(_)));
    // The driver reads the file once, when the client is made.
    let trusted = trust(&mut options, authorities)?;
    let (user_database, set) = (user_database(&options), options.repl_set_name.clone());
    let sightings = Arc::new(Sightings::new(with_tls));
    let (handler, primary) = Primary::watch(&sightings);
    options.sdam_event_handler = Some(handler);
    let client = Client::with_options(options).map_err(|error| match &*error.kind {
        ErrorKind::InvalidTlsConfig { message, .. } => OpenError::TlsFile { problem: message.clone() },
        _ => OpenError::Address,
    })?;
    drop(trusted);
    let database = client.database(&name);

    let hello = database.run_command(doc! { "hello": 1 }).await.map_err(|error| match &*error.kind {
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) => sightings.explain(hosts, set.as_deref(), &error),
        ErrorKind::Authentication { .. } => OpenError::Login { database: user_database, source: cause(&error).into() },
        _ => OpenError::from_driver(&error),
    })?;
    prepare(database, primary, &hello).await
}

/// As [`open`], on the host's client.
pub(crate) async fn open_with(client: &Client, name: &str) -> Result<(Collections, WriteProfile), OpenError> {
    if name.is_empty() || !is_database_name(name) {
        return Err(OpenError::Database);
    }
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    let options = DatabaseOptions::builder().write_concern(durable()).selection_criteria(primary).build();
    let database = client.database_with_options(name, options);
    if database.read_concern().is_some() {
        return Err(OpenError::ReadConcern);
    }
    let hello = database.run_command(doc! { "hello": 1 }).await.map_err(|error| OpenError::from_driver(&error))?;
    prepare(database, Primary::unwatched(), &hello).await
}

async fn prepare(
    database: Database,
    primary: Primary,
    hello: &Document,
) -> Result<(Collections, WriteProfile), OpenError> {
    let profile = check_server(hello)?;
    let collections = Collections::new(database, primary);
    if let Some(missing) = rights::missing(&collections.database, &rights::TO_READ).await {
        return Err(OpenError::Rights { source: missing.into() });
    }
    schema::prepare(&collections).await?;
    Ok((collections, profile))
}

/// Lets the driver trust the `authorities`: by itself it trusts none of the system's. It takes a file, which lasts until the
/// result is dropped.
fn trust(options: &mut ClientOptions, authorities: &Authorities) -> Result<Option<TempPath>, OpenError> {
    let Some(Tls::Enabled(tls)) = &mut options.tls else { return Ok(None) };
    if tls.ca_file_path.is_some() {
        return Ok(None);
    }
    let failed = |source: io::Error| OpenError::Other { source: source.into() };
    let file = NamedTempFile::new().map_err(failed)?;
    fs::write(file.path(), authorities.to_pem()).map_err(failed)?;
    tls.ca_file_path = Some(file.path().to_owned());
    Ok(Some(file.into_temp_path()))
}

/// The database in which the driver looks for the user.
fn user_database(options: &ClientOptions) -> String {
    let named = options.credential.as_ref().and_then(|credential| credential.source.clone());
    named.or_else(|| options.default_database.clone()).unwrap_or_else(|| "admin".to_owned())
}

fn is_database_name(name: &str) -> bool {
    let is_allowed = |c: char| !c.is_control() && !c.is_whitespace() && !"/\\.\"$*<>:|?".contains(c);
    name.len() <= 63 && name.chars().all(is_allowed)
}

/// Checks that the server has transactions: a member of a replica set has them, and a router of a sharded cluster.
///
/// A transaction over owners on several shards costs more than one for each, so batches are not merged there.
fn check_server(hello: &Document) -> Result<WriteProfile, OpenError> {
    let is_router = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    if !is_router && !hello.contains_key("setName") {
        return Err(OpenError::Standalone);
    }
    if hello.get_i32("maxWireVersion").unwrap_or_default() < MIN_WIRE_VERSION {
        return Err(OpenError::TooOld);
    }
    Ok(if is_router { WriteProfile::separate(SHARDED_LANES) } else { WriteProfile::default() })
}
