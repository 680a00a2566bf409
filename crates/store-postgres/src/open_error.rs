//! Why a database cannot be used, in sentences.

use conversation_settings_store::BoxError;
use tokio_postgres::error::SqlState;

use crate::{open::OLDEST, schema::Schema};

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
    /// The server takes connections with TLS alone.
    #[error("PostgreSQL at {hosts} wants TLS: end the address with ?sslmode=require")]
    Plain {
        /// Where was looked.
        hosts: String,
        /// What the server said.
        source: BoxError,
    },
    /// The server has no TLS, or a certificate that is not to be trusted.
    #[error(
        "PostgreSQL at {hosts} has no TLS with a certificate of that name, from an authority that the system knows or \
         that the file in SSL_CERT_FILE holds"
    )]
    Tls {
        /// Where was looked.
        hosts: String,
        /// What was found.
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
pub(crate) struct Place<'a> {
    pub(crate) hosts: &'a str,
    pub(crate) schema: &'a Schema,
}

impl Place<'_> {
    /// What it means for whoever opens the database.
    pub(crate) fn error(&self, error: tokio_postgres::Error) -> OpenError {
        let hosts = self.hosts.to_owned();
        let code = error.code().cloned();
        let is = Nature::of(&error);
        let source = error.into();
        match code {
            Some(SqlState::INVALID_AUTHORIZATION_SPECIFICATION) if is.plain => OpenError::Plain { hosts, source },
            Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                OpenError::Login { hosts, source }
            }
            Some(SqlState::INVALID_CATALOG_NAME) => OpenError::Database { hosts, source },
            Some(SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Rights { schema: self.schema.clone(), source },
            Some(SqlState::TOO_MANY_CONNECTIONS | SqlState::CANNOT_CONNECT_NOW) => {
                OpenError::Unreachable { hosts, source }
            }
            None if is.tls => OpenError::Tls { hosts, source },
            None if is.io => OpenError::Unreachable { hosts, source },
            _ => OpenError::Other { hosts, source },
        }
    }
}

/// What the codes do not tell of an error.
struct Nature {
    /// The server has refused a connection without TLS.
    plain: bool,
    /// There was no TLS.
    tls: bool,
    io: bool,
}

impl Nature {
    fn of(error: &tokio_postgres::Error) -> Self {
        use std::error::Error;

        let refused = error.as_db_error().map(tokio_postgres::error::DbError::message);
        Self {
            plain: refused.is_some_and(|message| message.ends_with("no encryption")),
            tls: error.to_string().starts_with("error performing TLS handshake"),
            io: error.source().is_some_and(<dyn Error>::is::<std::io::Error>),
        }
    }
}
