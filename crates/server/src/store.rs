//! The stores that `--store` can name. An adapter is one entry in [`ENGINES`].

use std::{fmt, pin::Pin, str::FromStr, sync::Arc};

use conversation_settings_store::{ConversationStore, metrics::MeteredStore};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_store_sqlite::SqliteStore;

use crate::error::StartError;

type Store = Arc<dyn ConversationStore>;
type Opening<'a> = Pin<Box<dyn Future<Output = Result<Store, StartError>> + Send + 'a>>;

/// A database with an adapter in this program.
struct Engine {
    /// The value of the metrics label `store`.
    name: &'static str,
    /// What comes before the colon in `--store`; the first is the one to print.
    schemes: &'static [&'static str],
    address: Address,
    /// Opens the store at an address: the whole text for a URL, else what follows the scheme.
    open: for<'a> fn(&'a str) -> Opening<'a>,
}

/// What comes after the scheme.
#[derive(Clone, Copy)]
enum Address {
    Nothing,
    Path,
    Url,
}

const ENGINES: [Engine; 4] = [
    Engine {
        name: "memory",
        schemes: &["memory"],
        address: Address::Nothing,
        open: |_| Box::pin(async { Ok(Arc::new(MemoryStore::new()) as Store) }),
    },
    Engine {
        name: "sqlite",
        schemes: &["sqlite"],
        address: Address::Path,
        open: |path| {
            Box::pin(
                async move { Ok(Arc::new(SqliteStore::open(path).map_err(StartError::store_with_causes)?) as Store) },
            )
        },
    },
    Engine {
        name: "mongodb",
        schemes: &["mongodb"],
        address: Address::Url,
        open: |url| {
            Box::pin(async move { Ok(Arc::new(MongoStore::open(url).await.map_err(StartError::store)?) as Store) })
        },
    },
    Engine {
        name: "postgres",
        schemes: &["postgres", "postgresql"],
        address: Address::Url,
        open: |url| {
            Box::pin(async move {
                let store = PostgresStore::open(url, &Schema::default()).await;
                Ok(Arc::new(store.map_err(StartError::store)?) as Store)
            })
        },
    },
];

/// The forms that `--store` accepts, for help and errors.
pub(crate) fn forms() -> String {
    let forms: Vec<_> =
        ENGINES.iter().map(|engine| format!("{}:{}", engine.schemes[0], engine.address.form())).collect();
    forms.join(", ")
}

impl Address {
    const fn form(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Path => "PATH",
            Self::Url => "//…",
        }
    }

    fn accepts(self, rest: &str) -> bool {
        match self {
            Self::Nothing => rest.is_empty(),
            Self::Path => !rest.is_empty(),
            Self::Url => rest.starts_with("//"),
        }
    }
}

/// The value of `--store`, checked. It prints without secrets.
pub(crate) struct Location {
    engine: &'static Engine,
    address: String,
}

impl FromStr for Location {
    type Err = StartError;

    fn from_str(location: &str) -> Result<Self, StartError> {
        let (scheme, rest) = location.split_once(':').unwrap_or((location, ""));
        let engine = ENGINES.iter().find(|engine| engine.schemes.contains(&scheme) && engine.address.accepts(rest));
        let Some(engine) = engine else {
            // What follows the scheme may contain a password, so the error omits it.
            return Err(StartError::Usage(format!("--store: \"{scheme}:…\" is not one of {}", forms())));
        };
        let address = if matches!(engine.address, Address::Url) { location } else { rest };
        Ok(Self { engine, address: address.to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.engine.address {
            Address::Nothing => write!(f, "{}: (lost when the server stops)", self.engine.schemes[0]),
            Address::Path => write!(f, "{}:{}", self.engine.schemes[0], self.address),
            Address::Url => f.write_str(&without_secrets(&self.address)),
        }
    }
}

/// A URL without its user, password and options.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    let rest = rest.split('?').next().unwrap_or_default();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// Opens the store at `location`, with metrics.
pub(crate) async fn open(location: &Location) -> Result<Store, StartError> {
    let store = (location.engine.open)(&location.address).await?;
    Ok(Arc::new(MeteredStore::new(location.engine.name, store)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_locations_without_secrets() {
        for (given, printed) in [
            ("memory:", "memory: (lost when the server stops)"),
            ("sqlite:a b.db", "sqlite:a b.db"),
            ("mongodb://u:p@ss@a,b:1/db?replicaSet=rs0&password=p", "mongodb://a,b:1/db"),
            ("postgres://u:p@h/db", "postgres://h/db"),
            ("postgres://h?password=p", "postgres://h"),
            ("postgresql://u:p@h/db", "postgresql://h/db"),
        ] {
            assert_eq!(given.parse::<Location>().map_err(|error| error.to_string()).unwrap().to_string(), printed);
        }
    }
}
