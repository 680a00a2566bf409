//! Finding the server, and seeing whether it will do.

use conversation_store::{BoxError, LogId};
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod};
use tokio_postgres::{Config, NoTls, config::Host, error::SqlState};
use tracing::warn;

use crate::{
    schema::{self, Found, Schema},
    session,
};

/// More callers at once than this wait for each other. Ten instances stay within the server's usual 100 connections
/// with this many each, and a disk takes no more commits at a time.
const CONNECTIONS: usize = 10;

/// What the server is told of our connections, so that a client that is gone, or a lock that somebody keeps, holds
/// nobody up for long. An address that has `options` says it otherwise.
const OPTIONS: &str = "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s";

/// The oldest that the project still mends.
const OLDEST: i32 = 14;

/// Why a database cannot be used. The message is one plain sentence and holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is none. What it holds is not repeated, since it may hold a password.
    #[error(
        "the address is none of PostgreSQL's, postgres://USER:PASSWORD@HOST:PORT/DATABASE, in which USER and PASSWORD \
         have %40 for @, %3A for :, %2F for / and %25 for %"
    )]
    Address,
    /// No server answers, or it takes no more connections.
    #[error("no PostgreSQL at {hosts} takes a connection")]
    Unreachable {
        /// Where was looked.
        hosts: String,
        /// What was found.
        source: BoxError,
    },
    /// The server knows the role not, or by another password.
    #[error("PostgreSQL at {hosts} refused the role or the password")]
    Login {
        /// Where was looked.
        hosts: String,
        /// What the server said.
        source: BoxError,
    },
    /// The database is not there.
    #[error("PostgreSQL at {hosts} has no database of that name: make it with CREATE DATABASE")]
    Database {
        /// Where was looked.
        hosts: String,
        /// What the server said.
        source: BoxError,
    },
    /// The role lacks rights.
    #[error(
        "the PostgreSQL role lacks rights: to make or migrate the schema {}, it must own it or be allowed to create it in \
         the database; to use it, it needs USAGE on it, and SELECT, INSERT, UPDATE and DELETE on its tables",
        schema.as_str()
    )]
    Rights {
        /// The schema.
        schema: Schema,
        /// What the server said.
        source: BoxError,
    },
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: {OLDEST} or later is needed")]
    TooOld {
        /// The server's version.
        found: i32,
    },
    /// The database cannot hold all text.
    #[error("the database's encoding is {found}, which cannot hold all text: make it with ENCODING 'UTF8'")]
    Encoding {
        /// The database's encoding.
        found: String,
    },
    /// The schema has tables of the names that are needed, made by something else.
    #[error("the schema {} has tables that something else has made: give another schema's name", schema.as_str())]
    Foreign {
        /// The schema.
        schema: Schema,
    },
    /// The schema was written by a later version of this program, which knows more than this one.
    #[error("the schema {} was written by a later version of this program", schema.as_str())]
    Newer {
        /// The schema.
        schema: Schema,
    },
    /// Anything else.
    #[error("PostgreSQL at {hosts} could not be made ready")]
    Other {
        /// Where was looked.
        hosts: String,
        /// What was found.
        source: BoxError,
    },
}

/// What is known when something fails.
struct Place<'a> {
    hosts: &'a str,
    schema: &'a Schema,
}

impl Place<'_> {
    fn error(&self, error: tokio_postgres::Error) -> OpenError {
        use std::error::Error;

        let hosts = self.hosts.to_owned();
        let code = error.code().cloned();
        let is_io = error.source().is_some_and(<dyn Error>::is::<std::io::Error>);
        let source = error.into();
        match code {
            Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                OpenError::Login { hosts, source }
            }
            Some(SqlState::INVALID_CATALOG_NAME) => OpenError::Database { hosts, source },
            Some(SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Rights { schema: self.schema.clone(), source },
            Some(SqlState::TOO_MANY_CONNECTIONS | SqlState::CANNOT_CONNECT_NOW) => {
                OpenError::Unreachable { hosts, source }
            }
            None if is_io => OpenError::Unreachable { hosts, source },
            _ => OpenError::Other { hosts, source },
        }
    }
}

/// A pool for the database at `url`, and where that is. It connects when it is used.
pub(crate) fn pool(url: &str) -> Result<(Pool, String), OpenError> {
    let mut config: Config = url.parse().map_err(|_| OpenError::Address)?;
    if config.get_hosts().is_empty() {
        return Err(OpenError::Address);
    }
    if config.get_options().is_none() {
        config.options(OPTIONS);
    }
    if config.get_application_name().is_none() {
        config.application_name(env!("CARGO_PKG_NAME"));
    }
    let hosts = hosts(&config);
    // The statements of a connection that has closed are answered with errors at once, so there is no need to ask first.
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build().map_err(|_| OpenError::Address)?;
    Ok((pool, hosts))
}

fn hosts(config: &Config) -> String {
    let ports = config.get_ports();
    let host = |(n, host): (usize, &Host)| {
        // One port is that of all hosts.
        let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}, port {port}", folder.display()),
        }
    };
    config.get_hosts().iter().enumerate().map(host).collect::<Vec<_>>().join(", ")
}

/// Looks at the server, and brings the schema to this version: the log that versions count in.
pub(crate) async fn prepare(pool: &Pool, hosts: &str, schema: &Schema) -> Result<LogId, OpenError> {
    let place = Place { hosts, schema };
    let mut client = session::connection(pool).await.map_err(|error| match error {
        PoolError::Backend(error) => place.error(error),
        error => OpenError::Unreachable { hosts: hosts.to_owned(), source: error.into() },
    })?;
    Server::of(&client).await.map_err(|error| place.error(error))?.check()?;
    let mut found = schema::find(&client, schema).await.map_err(|error| place.error(error))?;
    if let Found::Behind { .. } = found {
        found = schema::migrate(&mut client, schema).await.map_err(|error| place.error(error))?;
    }
    match found {
        Found::Ready(log) => Ok(log),
        Found::Newer => Err(OpenError::Newer { schema: schema.clone() }),
        Found::Foreign | Found::Behind { .. } => Err(OpenError::Foreign { schema: schema.clone() }),
    }
}

/// What there is to know of a server.
struct Server {
    version: i32,
    encoding: String,
    synchronous_commit: String,
    fsync: String,
}

impl Server {
    async fn of(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let sql = "SELECT current_setting('server_version_num')::integer / 10000, current_setting('server_encoding'),
                          current_setting('synchronous_commit'), current_setting('fsync')";
        let row = client.query_one(sql, &[]).await?;
        Ok(Self { version: row.get(0), encoding: row.get(1), synchronous_commit: row.get(2), fsync: row.get(3) })
    }

    fn check(&self) -> Result<(), OpenError> {
        if self.version < OLDEST {
            return Err(OpenError::TooOld { found: self.version });
        }
        if self.encoding != "UTF8" {
            return Err(OpenError::Encoding { found: self.encoding.clone() });
        }
        for (setting, value) in [("synchronous_commit", &self.synchronous_commit), ("fsync", &self.fsync)] {
            if value == "off" {
                warn!("PostgreSQL runs with {setting} off: what it has acknowledged may be lost when it crashes");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        let on = || "on".to_owned();
        Server { version: 15, encoding: "UTF8".to_owned(), synchronous_commit: on(), fsync: on() }
    }

    #[test]
    fn a_server_that_is_too_old_or_cannot_hold_all_text_is_refused_in_a_sentence() {
        assert!(server().check().is_ok());
        let old = Server { version: 13, ..server() }.check().unwrap_err();
        assert_eq!(old.to_string(), "PostgreSQL 13 is too old: 14 or later is needed");
        let latin = Server { encoding: "LATIN1".to_owned(), ..server() }.check().unwrap_err();
        assert!(latin.to_string().contains("LATIN1"), "{latin}");
    }

    #[test]
    fn an_address_is_printed_without_its_secret() {
        let (_, hosts) = pool("postgres://me:secret@one,two:6000/db").map_err(|_| ()).unwrap_or_else(|()| panic!());
        assert!(!hosts.contains("secret"), "{hosts}");
    }
}
