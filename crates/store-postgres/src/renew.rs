//! A new identity for the log, after a restore.

use conversation_settings_store::LogId;
use conversation_settings_tls::Authorities;
use tokio_postgres::error::SqlState;

use crate::{open, open_error::OpenError, schema_name::Schema, store::PostgresStore};

impl PostgresStore {
    /// Gives the log of the database at `url` a new identity, so that every client syncs in full. It belongs to a restore
    /// and to a failover that may have lost writes: a version from before means nothing afterwards.
    ///
    /// Migrates the schema first, as [`open_trusting`](Self::open_trusting) does.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the log then keeps its identity.
    pub async fn renew_log(url: &str, schema: &Schema, authorities: &Authorities) -> Result<(), OpenError> {
        let (connections, hosts) = open::connections(url, authorities)?;
        open::prepare(&connections, &hosts, schema).await?;
        let unreachable = |error| OpenError::Unreachable { hosts: hosts.clone(), source: error };
        let client = connections.first().await.map_err(|error| unreachable(error.into()))?;
        let log = LogId::random().0.map(|byte| format!("{byte:02x}")).concat();
        let renew = format!("UPDATE {schema}.store SET log = '\\x{log}';");
        client.batch_execute(&renew).await.map_err(|error| match error.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                // A script that runs it again gives another identity.
                let random = "substring(sha256(convert_to(gen_random_uuid()::text, 'UTF8')) FROM 1 FOR 12)";
                let sql = format!("UPDATE {schema}.store SET log = {random};");
                OpenError::Renewal { schema: schema.clone(), sql, source: error.into() }
            }
            _ => OpenError::from_postgres(&hosts, schema)(error),
        })
    }
}
