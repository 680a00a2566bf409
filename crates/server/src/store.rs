//! The place where a storage adapter is wired in.

use std::{fmt, str::FromStr, sync::Arc};

use conversation_settings_store::{ConversationStore, MeteredStore};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_store_sqlite::SqliteStore;

use crate::error::StartError;

/// Where conversations are kept, as `--store` names it. Printed without what may be a password.
pub(crate) enum Location {
    Memory,
    Sqlite(String),
    Mongodb(String),
    Postgres(String),
}

impl FromStr for Location {
    type Err = StartError;

    fn from_str(location: &str) -> Result<Self, StartError> {
        let (scheme, rest) = location.split_once(':').unwrap_or((location, ""));
        match (scheme, rest) {
            ("memory", "") => Ok(Self::Memory),
            ("sqlite", path) if !path.is_empty() => Ok(Self::Sqlite(path.to_owned())),
            ("mongodb", rest) if rest.starts_with("//") => Ok(Self::Mongodb(location.to_owned())),
            ("postgres" | "postgresql", rest) if rest.starts_with("//") => Ok(Self::Postgres(location.to_owned())),
            // The rest may hold a password, so it is not repeated.
            _ => Err(StartError::Usage(format!(
                "the store must be one of memory:, sqlite:PATH, mongodb://… and postgres://…, got {scheme}:"
            ))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory: (gone when the server stops)"),
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
            Self::Mongodb(url) | Self::Postgres(url) => f.write_str(&public(url)),
        }
    }
}

/// An address without its user, password and options.
fn public(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    let rest = rest.split('?').next().unwrap_or_default();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

impl Location {
    /// What the metrics call it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite(_) => "sqlite",
            Self::Mongodb(_) => "mongodb",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// Opens the store at `location`, each of whose operations is measured.
pub(crate) async fn open(location: &Location) -> Result<Arc<dyn ConversationStore>, StartError> {
    let store: Arc<dyn ConversationStore> = match location {
        Location::Memory => Arc::new(MemoryStore::new()),
        Location::Sqlite(path) => Arc::new(SqliteStore::open(path).map_err(StartError::store_and_causes)?),
        Location::Mongodb(url) => Arc::new(MongoStore::open(url).await.map_err(StartError::store)?),
        Location::Postgres(url) => {
            Arc::new(PostgresStore::open(url, &Schema::default()).await.map_err(StartError::store)?)
        }
    };
    Ok(Arc::new(MeteredStore::new(location.name(), store)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_without_its_secrets() {
        for (given, printed) in [
            ("memory:", "memory: (gone when the server stops)"),
            ("sqlite:a b.db", "sqlite:a b.db"),
            ("mongodb://u:p@ss@a,b:1/db?replicaSet=rs0&password=p", "mongodb://a,b:1/db"),
            ("postgres://u:p@h/db", "postgres://h/db"),
            ("postgres://h?password=p", "postgres://h"),
        ] {
            assert_eq!(given.parse::<Location>().map_err(|error| error.to_string()).unwrap().to_string(), printed);
        }
    }
}
