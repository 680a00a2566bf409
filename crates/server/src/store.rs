//! The stores that `--store` can name. An adapter is one entry in [`ENGINES`].

mod location;
mod memory;
mod mongodb;
mod postgres;
mod sqlite;
mod sqlite_file;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use conversation_settings_store::{ConversationStore, metrics::MeteredStore};
use conversation_settings_tls::Authorities;

use crate::error::StartError;

pub(crate) use location::{Location, forms};

type Store = Arc<dyn ConversationStore>;

/// A database with an adapter in this program.
struct Engine {
    /// The value of the metrics label `store`.
    name: &'static str,
    /// What comes before the colon in `--store`; the first is the one to print.
    schemes: &'static [&'static str],
    /// Names by which other programs call this engine. A hint follows.
    aliases: &'static [&'static str],
    /// The form in hints.
    form: &'static str,
    /// How it is backed up and restored, for engines other than SQLite.
    backup: &'static str,
    /// Parses an address of this engine.
    parse: fn(Address<'_>) -> Result<Box<dyn Target>, Problem>,
}

/// The value of `--store`, split at its first colon.
#[derive(Clone, Copy)]
struct Address<'a> {
    whole: &'a str,
    rest: &'a str,
}

/// A store that can be opened.
#[async_trait]
trait Target: Send + Sync {
    /// The address without secrets.
    fn printed(&self) -> String;

    /// The path of an SQLite database.
    fn file(&self) -> Option<&Path> {
        None
    }

    async fn open(&self, authorities: &Authorities) -> Result<Store, StartError>;

    /// Gives the log a new identity.
    async fn renew_log(&self, authorities: &Authorities) -> Result<(), StartError>;
}

/// Why an address is refused.
enum Problem {
    /// It has another form than the engine's.
    Form,
    /// What is wrong, and the right form; without secrets.
    Hint(String),
}

const ENGINES: [Engine; 4] = [memory::ENGINE, sqlite::ENGINE, mongodb::ENGINE, postgres::ENGINE];

/// The URL in an address of a database server.
fn url(address: Address<'_>) -> Result<String, Problem> {
    if address.rest.starts_with("//") { Ok(address.whole.to_owned()) } else { Err(Problem::Form) }
}

/// Opens the store at `location`, with metrics.
pub(crate) async fn open(location: &Location, authorities: &Authorities) -> Result<Store, StartError> {
    Ok(Arc::new(MeteredStore::new(location.engine, location.target.open(authorities).await?)))
}

/// Gives the log of the store at `location` a new identity.
pub(crate) async fn renew_log(location: &Location, authorities: &Authorities) -> Result<(), StartError> {
    location.target.renew_log(authorities).await
}

/// The SQLite database at `location`, for a command that copies files.
pub(crate) fn file(location: &Location) -> Result<&Path, StartError> {
    location.target.file().ok_or_else(|| {
        let engine = ENGINES.iter().find(|engine| engine.name == location.engine);
        let hint = engine.map(|engine| engine.backup).filter(|hint| !hint.is_empty());
        // `sqlite::memory:` is an engine with files, but this database has none.
        let hint = hint.unwrap_or(memory::ENGINE.backup);
        StartError::Usage(format!("backup and restore are for sqlite:PATH, and the store is {location}: {hint}"))
    })
}
