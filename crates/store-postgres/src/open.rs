//! Finding the server, and seeing whether it will do.

use conversation_settings_store::LogId;
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod};
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
};
use tracing::warn;

use crate::{
    open_error::{OpenError, Place},
    schema::{self, Found, Schema},
    session, tls,
};

/// More callers at once than this wait for each other. Ten instances stay within the server's usual 100 connections
/// with this many each, and a disk takes no more commits at a time.
const CONNECTIONS: usize = 10;

/// What the server is told of our connections, so that a client that is gone, or a lock that somebody keeps, holds
/// nobody up for long. An address that has `options` says it otherwise.
const OPTIONS: &str = "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s";

/// The oldest that the project still mends.
pub(crate) const OLDEST: i32 = 14;

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
    let with_tls = config.get_ssl_mode() == SslMode::Require;
    // The statements of a connection that has closed are answered with errors at once, so there is no need to ask first.
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if with_tls {
        let tls = tls::connector().map_err(|error| OpenError::Tls { hosts: hosts.clone(), source: error.into() })?;
        Manager::from_config(config, tls, recycling)
    } else {
        Manager::from_config(config, NoTls, recycling)
    };
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
