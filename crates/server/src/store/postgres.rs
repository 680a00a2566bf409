//! A store in PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use conversation_settings_store_postgres::{OpenError, PostgresStore, Schema};
use conversation_settings_tls::Authorities;

use super::{Engine, Store, Target, location::without_secrets, url};
use crate::error::StartError;

pub(super) const ENGINE: Engine = Engine {
    name: "postgres",
    schemes: &["postgres", "postgresql"],
    aliases: &["pg", "pgsql", "psql", "postgis"],
    form: "postgres://…",
    backup: "use pg_dump and pg_restore, as docs/postgres.md says",
    parse: |address| Ok(Box::new(Postgres { url: url(address)? })),
};

struct Postgres {
    url: String,
}

#[async_trait]
impl Target for Postgres {
    fn printed(&self) -> String {
        without_secrets(&self.url)
    }

    async fn open(&self, authorities: &Authorities) -> Result<Store, StartError> {
        Ok(Arc::new(PostgresStore::open_trusting(&self.url, &Schema::default(), authorities).await.map_err(failed)?))
    }

    async fn renew_log(&self, authorities: &Authorities) -> Result<(), StartError> {
        PostgresStore::renew_log(&self.url, &Schema::default(), authorities).await.map_err(failed)
    }
}

fn failed(error: OpenError) -> StartError {
    match error {
        // Ends with SQL to copy, which a cause would spoil.
        OpenError::Migration { .. } | OpenError::Renewal { .. } => StartError::Store(error.to_string()),
        error => StartError::store(error),
    }
}
