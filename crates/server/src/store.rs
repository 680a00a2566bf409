//! The stores that `--store` can name. An adapter is one entry in [`ENGINES`].

mod location;
mod sqlite_file;

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use conversation_settings_store::{ConversationStore, metrics::MeteredStore};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_store_sqlite::SqliteStore;

use crate::{error::StartError, store::sqlite_file::SqliteFile};

pub(crate) use location::{Location, forms};

type Store = Arc<dyn ConversationStore>;
type Opening = Pin<Box<dyn Future<Output = Result<Store, StartError>> + Send>>;

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
    parse: fn(Address<'_>) -> Result<Target, Problem>,
}

/// The value of `--store`, split at its first colon.
#[derive(Clone, Copy)]
struct Address<'a> {
    whole: &'a str,
    rest: &'a str,
}

/// A store that can be opened.
struct Target {
    /// The address without secrets.
    printed: String,
    /// The path of an SQLite database.
    file: Option<PathBuf>,
    open: Box<dyn Fn() -> Opening + Send + Sync>,
}

/// Why an address is refused.
enum Problem {
    /// It has another form than the engine's.
    Form,
    /// What is wrong, and the right form; without secrets.
    Hint(String),
}

const ENGINES: [Engine; 4] = [
    Engine {
        name: "memory",
        schemes: &["memory"],
        aliases: &["mem", "inmemory", "in-memory"],
        form: "memory:",
        backup: "it keeps nothing when the server stops",
        parse: |address| match address.rest {
            "" | "//" => Ok(memory()),
            _ => Err(Problem::Form),
        },
    },
    Engine {
        name: "sqlite",
        schemes: &["sqlite"],
        aliases: &["sqlite3", "file"],
        form: "sqlite:PATH",
        backup: "",
        parse: |address| match address.rest.parse() {
            Ok(SqliteFile::Memory) => Ok(memory()),
            Ok(SqliteFile::Path(path)) => Ok(Target {
                printed: format!("sqlite:{}", path.display()),
                file: Some(path.clone()),
                open: Box::new(move || {
                    let opened = SqliteStore::open(&path).map_err(StartError::store_with_causes);
                    Box::pin(async move { Ok(Arc::new(opened?) as Store) })
                }),
            }),
            Err(sqlite_file::SqliteFileError::Empty) => Err(Problem::Form),
            Err(error) => Err(Problem::Hint(error.to_string())),
        },
    },
    Engine {
        name: "mongodb",
        schemes: &["mongodb", "mongodb+srv"],
        aliases: &["mongo"],
        form: "mongodb://…",
        backup: "use mongodump and mongorestore, as docs/mongodb.md says",
        parse: |address| {
            url(address, |url| {
                Box::pin(async move { Ok(Arc::new(MongoStore::open(&url).await.map_err(StartError::store)?) as Store) })
            })
        },
    },
    Engine {
        name: "postgres",
        schemes: &["postgres", "postgresql"],
        aliases: &["pg", "pgsql", "psql", "postgis"],
        form: "postgres://…",
        backup: "use pg_dump and pg_restore, as docs/postgres.md says",
        parse: |address| {
            url(address, |url| {
                Box::pin(async move {
                    let store = PostgresStore::open(&url, &Schema::default()).await;
                    Ok(Arc::new(store.map_err(StartError::store)?) as Store)
                })
            })
        },
    },
];

fn memory() -> Target {
    Target {
        printed: "memory: (lost when the server stops)".into(),
        file: None,
        open: Box::new(|| Box::pin(async { Ok(Arc::new(MemoryStore::new()) as Store) })),
    }
}

fn url(address: Address<'_>, open: fn(String) -> Opening) -> Result<Target, Problem> {
    if !address.rest.starts_with("//") {
        return Err(Problem::Form);
    }
    let url = address.whole.to_owned();
    Ok(Target { printed: location::without_secrets(&url), file: None, open: Box::new(move || open(url.clone())) })
}

/// Opens the store at `location`, with metrics.
pub(crate) async fn open(location: &Location) -> Result<Store, StartError> {
    let store = (location.target.open)().await?;
    Ok(Arc::new(MeteredStore::new(location.engine, store)))
}

/// The SQLite database at `location`, for a command that copies files.
pub(crate) fn file(location: &Location) -> Result<&Path, StartError> {
    location.target.file.as_deref().ok_or_else(|| {
        let engine = ENGINES.iter().find(|engine| engine.name == location.engine);
        let hint = engine.map(|engine| engine.backup).filter(|hint| !hint.is_empty());
        // `sqlite::memory:` is an engine with files, but this database has none.
        let hint = hint.unwrap_or(ENGINES[0].backup);
        StartError::Usage(format!("backup and restore are for sqlite:PATH, and the store is {location}: {hint}"))
    })
}
