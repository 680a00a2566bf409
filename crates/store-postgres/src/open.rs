//! Connecting to a server, checking it, and migrating the schema.

use std::{sync::Arc, time::Duration};

use conversation_settings_tls::Authorities;
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod};
use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};
use tracing::{info, warn};

use crate::{
    address_option,
    connection::Connections,
    health::Health,
    history,
    hosts::Hosts,
    open_error::{OLDEST_SERVER, OpenError},
    rights,
    schema::{self, Found},
    schema_name::Schema,
    session::{Route, TIMEOUTS},
    source::{Source, SourceError},
    tls,
};

/// Further callers wait. Ten instances with ten connections each fit the server's default limit of 100, and a disk
/// sustains no more concurrent commits.
const CONNECTIONS: usize = 10;

/// Connections to the database at `url`, and the hosts in `url`. Connects on first use.
pub(crate) fn connections(url: &str, authorities: &Authorities) -> Result<(Connections, String), OpenError> {
    let invalid = |reason| OpenError::Address { reason };
    if address_option::is_ambiguous(url) {
        return Err(invalid("the user or the password has an @, / or ? that is not encoded"));
    }
    // The parser's error may repeat a part of the password.
    let mut config: Config = url
        .parse()
        .map_err(|error| address_option::refused(url, &error).unwrap_or_else(|| invalid("it does not parse")))?;
    if config.get_hosts().is_empty() {
        return Err(invalid("it names no host"));
    }
    let has_options = config.get_options().is_some();
    let options = match config.get_options() {
        Some(options) => options.to_owned(),
        None => TIMEOUTS.map(|(name, value)| format!("-c {name}={value}")).join(" "),
    };
    config.options(format!("{options} {}", history::DIRECT));
    if config.get_application_name().is_none() {
        config.application_name(env!("CARGO_PKG_NAME"));
    }
    detect_lost_peers(&mut config);
    let hosts = hosts(&config);
    let health = Arc::new(Health::new());
    let with_tls = config.get_ssl_mode() == SslMode::Require;
    // Statements on a closed connection fail at once, so the pool need not test connections first.
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if with_tls {
        let tls = tls::connector(authorities)
            .map_err(|error| OpenError::Tls { hosts: hosts.clone(), source: error.into() })?;
        let connect = Hosts::new(&config, tls, health.clone());
        Manager::from_connect(config, connect, recycling)
    } else {
        let connect = Hosts::new(&config, NoTls, health.clone());
        Manager::from_connect(config, connect, recycling)
    };
    let pool =
        Pool::builder(manager).max_size(CONNECTIONS).build().map_err(|_| invalid("no pool can be built for it"))?;
    Ok((Connections::new(Source::Pool(pool), health, has_options), hosts))
}

/// Lets the system notice within half a minute that nothing is at the other end of a connection, unless the address has
/// settings of its own.
fn detect_lost_peers(config: &mut Config) {
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(Duration::from_secs(10));
    }
    if config.get_keepalives_interval().is_none() && config.get_keepalives_retries().is_none() {
        config.keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(25));
    }
}

pub(crate) fn hosts(config: &Config) -> String {
    let ports = config.get_ports();
    let host = |(n, host): (usize, &Host)| {
        // A single port applies to all hosts.
        let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}, port {port}", folder.display()),
        }
    };
    config.get_hosts().iter().enumerate().map(host).collect::<Vec<_>>().join(", ")
}

/// Checks the server and migrates the schema to this version. Returns SQL for the server's timeline.
pub(crate) async fn prepare(
    connections: &Connections,
    hosts: &str,
    schema: &Schema,
) -> Result<&'static str, OpenError> {
    let failed = OpenError::from_postgres(hosts, schema);
    let mut client = connections.first().await.map_err(|error| match error {
        SourceError::Pool(PoolError::Backend(error)) => failed(error),
        error => OpenError::Unreachable { hosts: hosts.to_owned(), source: error.into() },
    })?;
    if connections.health().route() == Route::Pooler {
        if connections.has_options() {
            let problem = "has no effect, since the address leads to a pooler such as PgBouncer: leave it out, and the \
                           server sets its timeouts in each transaction";
            return Err(OpenError::AddressOption { name: "options".to_owned(), problem: problem.to_owned() });
        }
        info!("a pooler such as PgBouncer is in front of PostgreSQL: statements are planned each time");
    }
    Server::read(&client).await.map_err(&failed)?.check()?;
    let mut found = schema::find(&client, schema).await.map_err(&failed)?;
    if let Found::Behind { sql } = found {
        found = schema::migrate(&mut client, schema).await.map_err(|error| match error.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                OpenError::Migration { schema: schema.clone(), sql, source: error.into() }
            }
            _ => failed(error),
        })?;
    }
    match found {
        Found::Ready => match rights::missing(&client, schema, &rights::TO_READ).await.map_err(&failed)? {
            None => history::timeline_sql(&client).await.map_err(failed),
            Some(missing) => Err(OpenError::Rights { schema: schema.clone(), source: missing.into() }),
        },
        Found::Newer { evidence } => Err(OpenError::Newer { schema: schema.clone(), evidence }),
        Found::Foreign => Err(OpenError::Foreign { schema: schema.clone() }),
        Found::Behind { sql } => {
            let source = "tables are still missing after the migration".into();
            Err(OpenError::Migration { schema: schema.clone(), sql, source })
        }
    }
}

/// Properties of a server that matter.
struct Server {
    version: i32,
    encoding: String,
    synchronous_commit: String,
    fsync: String,
}

impl Server {
    async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let sql = "SELECT current_setting('server_version_num')::integer / 10000, current_setting('server_encoding'),
                          current_setting('synchronous_commit'), current_setting('fsync')";
        let row = client.query_typed_one(sql, &[]).await?;
        Ok(Self { version: row.get(0), encoding: row.get(1), synchronous_commit: row.get(2), fsync: row.get(3) })
    }

    fn check(&self) -> Result<(), OpenError> {
        if self.version < OLDEST_SERVER {
            return Err(OpenError::TooOld { found: self.version });
        }
        if self.encoding != "UTF8" {
            return Err(OpenError::Encoding { found: self.encoding.clone() });
        }
        for (setting, value) in [("synchronous_commit", &self.synchronous_commit), ("fsync", &self.fsync)] {
            if value == "off" {
                warn!("PostgreSQL runs with {setting} off: a crash may lose acknowledged writes");
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
    fn refuses_a_server_that_is_too_old_or_cannot_store_all_text() {
        assert!(server().check().is_ok());
        let old = Server { version: 13, ..server() }.check().unwrap_err();
        assert_eq!(old.to_string(), "PostgreSQL 13 is too old: 14 or later is required");
        let latin = Server { encoding: "LATIN1".to_owned(), ..server() }.check().unwrap_err();
        assert!(latin.to_string().contains("LATIN1"), "{latin}");
    }

    #[test]
    fn prints_hosts_without_secrets() {
        let (_, hosts) = connections("postgres://me:secret@one,two:6000/db", &Authorities::default())
            .map_err(|_| ())
            .unwrap_or_else(|()| panic!());
        assert!(!hosts.contains("secret"), "{hosts}");
    }
}
