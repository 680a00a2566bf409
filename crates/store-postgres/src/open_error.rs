//! Why a database cannot be opened.

use conversation_settings_store::BoxError;
use tokio_postgres::error::{DbError, SqlState};

use crate::schema_name::Schema;

/// The oldest release of PostgreSQL that its project maintains.
pub(crate) const OLDEST_SERVER: i32 = 14;

/// Why a database cannot be opened. The message is one plain sentence without secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is not valid. The message does not repeat the address, which may hold a password.
    #[error(
        "not a PostgreSQL address: {reason}; expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for @, %3A for \
         :, %2F for /, %3F for ? and %25 for % in USER and PASSWORD"
    )]
    Address {
        /// What is wrong.
        reason: &'static str,
    },
    /// An option of the address is unknown, or has a value that is not supported.
    #[error("the option {name} in the PostgreSQL address {problem}")]
    AddressOption {
        /// The option's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No server accepts a connection.
    #[error("no PostgreSQL server at {hosts} accepts a connection")]
    Unreachable {
        /// The hosts of the address.
        hosts: String,
        /// The cause.
        source: BoxError,
    },
    /// The role is unknown or the password wrong.
    #[error("PostgreSQL at {hosts} refused the role or the password")]
    Login {
        /// The hosts of the address.
        hosts: String,
        /// The cause.
        source: BoxError,
    },
    /// The server requires TLS.
    #[error("PostgreSQL at {hosts} requires TLS: append ?sslmode=require to the address")]
    Plain {
        /// The hosts of the address.
        hosts: String,
        /// The cause.
        source: BoxError,
    },
    /// The server has no TLS, or no trusted certificate for its name. A program trusts others with `Authorities`.
    #[error(
        "PostgreSQL at {hosts} offers no TLS with a certificate for that name from a trusted authority: trust your own with \
         --ca-file"
    )]
    Tls {
        /// The hosts of the address.
        hosts: String,
        /// The cause.
        source: BoxError,
    },
    /// The database does not exist.
    #[error("PostgreSQL at {hosts} has no database of that name: create it with CREATE DATABASE")]
    Database {
        /// The hosts of the address.
        hosts: String,
        /// The cause.
        source: BoxError,
    },
    /// The role lacks rights to the tables.
    #[error(
        "the PostgreSQL role lacks rights: it needs USAGE on the schema {}, SELECT on store, SELECT, INSERT and UPDATE on \
         owners, and SELECT, INSERT, UPDATE and DELETE on conversations",
        schema.as_str()
    )]
    Rights {
        /// The schema.
        schema: Schema,
        /// The cause.
        source: BoxError,
    },
    /// The tables are missing or older, and the role lacks the rights to migrate them.
    #[error(
        "the PostgreSQL role may not migrate the schema {}: make the role its owner, or run this as its owner: BEGIN; {sql} \
         COMMIT;",
        schema.as_str()
    )]
    Migration {
        /// The schema.
        schema: Schema,
        /// The statements that migrate it, to run within one transaction.
        sql: String,
        /// The cause.
        source: BoxError,
    },
    /// The role lacks the right to give the log a new identity.
    #[error("the PostgreSQL role may not renew the log: run this as the owner of the schema {}: {sql}", schema.as_str())]
    Renewal {
        /// The schema.
        schema: Schema,
        /// The statement that renews it.
        sql: String,
        /// The cause.
        source: BoxError,
    },
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: {OLDEST_SERVER} or later is required")]
    TooOld {
        /// The server's version.
        found: i32,
    },
    /// The database's encoding cannot store all text.
    #[error("the database's encoding is {found}, which cannot store all text: create it with ENCODING 'UTF8'")]
    Encoding {
        /// The database's encoding.
        found: String,
    },
    /// Another program made tables with the same names.
    #[error("the schema {} has tables of another program: choose another schema", schema.as_str())]
    Foreign {
        /// The schema.
        schema: Schema,
    },
    /// A later version of this program wrote the schema.
    #[error("the schema {} was written by a later version of this program: it has {evidence}", schema.as_str())]
    Newer {
        /// The schema.
        schema: Schema,
        /// What this version does not know.
        evidence: String,
    },
    /// Any other failure.
    #[error("cannot set up PostgreSQL at {hosts}")]
    Other {
        /// The hosts of the address.
        hosts: String,
        /// The cause.
        source: BoxError,
    },
}

impl OpenError {
    /// Maps a failure of the driver, given what was being opened.
    pub(crate) fn from_postgres(hosts: &str, schema: &Schema) -> impl Fn(tokio_postgres::Error) -> Self {
        |error| {
            let hosts = hosts.to_owned();
            let code = error.code().cloned();
            let (needs_tls, failed_tls, is_io) = (needs_tls(&error), failed_tls(&error), is_io(&error));
            let lacks_password = lacks_password(&error);
            let source = error.into();
            match code {
                None if lacks_password => Self::Login { hosts, source },
                Some(SqlState::INVALID_AUTHORIZATION_SPECIFICATION) if needs_tls => Self::Plain { hosts, source },
                Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                    Self::Login { hosts, source }
                }
                Some(SqlState::INVALID_CATALOG_NAME) => Self::Database { hosts, source },
                Some(SqlState::INSUFFICIENT_PRIVILEGE) => Self::Rights { schema: schema.clone(), source },
                Some(SqlState::TOO_MANY_CONNECTIONS | SqlState::CANNOT_CONNECT_NOW) => {
                    Self::Unreachable { hosts, source }
                }
                None if failed_tls => Self::Tls { hosts, source },
                None if is_io => Self::Unreachable { hosts, source },
                _ => Self::Other { hosts, source },
            }
        }
    }
}

/// The server refused a plain connection. The code alone does not say so.
fn needs_tls(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().map(DbError::message).is_some_and(|message| message.ends_with("no encryption"))
}

/// The driver has no other sign of it.
fn failed_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string().starts_with("error performing TLS handshake")
}

/// The server asks for a password, and the address has none.
fn lacks_password(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string() == "password missing")
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
