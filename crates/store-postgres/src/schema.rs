//! The tables, and their migrations.

use std::fmt::Write as _;

use conversation_settings_core::{Field, Kind, Settings, Value};
use tokio_postgres::{
    Client, Error,
    types::{ToSql, Type},
};

use crate::{
    rows::{self, FIXED_COLUMNS},
    schema_name::Schema,
};

/// Each migrates the tables from one version to the next. A released migration never changes; a new one is appended.
///
/// The migrations name no setting: the settings' columns follow from [`Field::ALL`].
const MIGRATIONS: &[&str] =
    &[include_str!("../migrations/0001_conversations.sql"), include_str!("../migrations/0002_counts.sql")];

/// Who made the tables of a schema.
pub(crate) enum Found {
    /// This version.
    Ready,
    /// Nobody yet, or an older version: `sql` migrates them, within a transaction.
    Behind { sql: String },
    /// A later version, recognized by `evidence`.
    Newer { evidence: String },
    /// Another program.
    Foreign,
}

/// Examines a schema without changing it.
pub(crate) async fn find(client: &Client, schema: &Schema) -> Result<Found, Error> {
    // Nothing is prepared, since a pooler may lead each statement to another connection.
    let name = [(&schema.as_str() as &(dyn ToSql + Sync), Type::TEXT)];
    // The catalog, not `information_schema`: that hides tables from a role without rights to them.
    let exists = client.query_typed_opt("SELECT FROM pg_namespace WHERE nspname = $1", &name).await?.is_some();
    let columns = "SELECT relname::text, attname::text FROM pg_attribute
                   JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
                   WHERE nspname = $1 AND relname IN ('store', 'owners', 'conversations')
                       AND attnum > 0 AND NOT attisdropped";
    let columns = client.query_typed(columns, &name).await?;
    let columns: Vec<(&str, &str)> = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
    if columns.is_empty() {
        return Ok(Found::Behind { sql: migration_sql(schema, exists, 0, Field::ALL.iter().copied()) });
    }
    let has = |table, column| columns.contains(&(table, column));
    if !(has("store", "log") && has("store", "migration")) {
        return Ok(Found::Foreign);
    }
    let store = client.query_typed_opt(&format!("SELECT log, migration FROM {schema}.store"), &[]).await?;
    let read = store.and_then(|row| {
        let _: [u8; 12] = row.try_get::<_, &[u8]>(0).ok()?.try_into().ok()?;
        usize::try_from(row.try_get::<_, i32>(1).ok()?).ok()
    });
    let Some(done @ 1..) = read else { return Ok(Found::Foreign) };
    if done > MIGRATIONS.len() {
        return Ok(Found::Newer { evidence: format!("migration {done}") });
    }
    if done == MIGRATIONS.len() && !FIXED_COLUMNS.iter().all(|(column, _)| has("conversations", column)) {
        return Ok(Found::Foreign);
    }
    let mut stored = columns.iter().filter(|(table, _)| *table == "conversations").map(|(_, column)| *column);
    if let Some(unknown) = stored.find(|column| !rows::columns().any(|(known, _)| known == *column)) {
        return Ok(Found::Newer { evidence: format!("column conversations.{unknown}") });
    }
    let mut missing = Field::ALL.iter().copied().filter(|field| !has("conversations", field.column())).peekable();
    if done == MIGRATIONS.len() && missing.peek().is_none() {
        return Ok(Found::Ready);
    }
    Ok(Found::Behind { sql: migration_sql(schema, exists, done, missing) })
}

/// Migrates a schema in one transaction, and returns what is found then. Concurrent calls wait for the first one.
pub(crate) async fn migrate(client: &mut Client, schema: &Schema) -> Result<Found, Error> {
    let transaction = client.transaction().await?;
    // The key is arbitrary. The end of the transaction releases the lock.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('conversation-settings-store-postgres ' || $1, 0))";
    transaction.query_typed(lock, &[(&schema.as_str(), Type::TEXT)]).await?;
    if let Found::Behind { sql } = find(transaction.client(), schema).await? {
        transaction.batch_execute(&sql).await?;
    }
    let found = find(transaction.client(), schema).await?;
    transaction.commit().await?;
    Ok(found)
}

/// The statements that migrate a schema on which `done` migrations have run and that lacks the columns of `missing`. They
/// are one line, so that an error message can show them.
fn migration_sql(schema: &Schema, exists: bool, done: usize, missing: impl Iterator<Item = Field>) -> String {
    let mut sql = String::new();
    // Not `IF NOT EXISTS`, which requires the right to create a schema even if it exists.
    if !exists {
        let _ = write!(sql, "CREATE SCHEMA {schema}; ");
    }
    let _ = write!(sql, "SET LOCAL search_path TO {schema};");
    let lines = MIGRATIONS.iter().skip(done).flat_map(|migration| migration.lines());
    for line in lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--")) {
        sql.extend([" ", line]);
    }
    let defaults = Settings::default();
    let missing: Vec<_> = missing.collect();
    let columns: Vec<_> = missing
        .iter()
        .map(|&field| {
            let (column, column_type) = (field.column(), rows::column_type(field.kind()));
            // Existing rows read as the default, and so do rows that a running older version inserts.
            format!("ADD COLUMN {column} {column_type} DEFAULT {}", literal(&defaults.value(field)))
        })
        .collect();
    if !columns.is_empty() {
        let _ = write!(sql, " ALTER TABLE conversations {};", columns.join(", "));
    }
    for column in missing.iter().filter(|field| field.kind() == Kind::Custom).map(|field| field.column()) {
        // Rows without settings of the host's own cost this index nothing.
        let index = format!("conversations_by_{column} ON conversations USING gin ({column} jsonb_path_ops)");
        let _ = write!(sql, " CREATE INDEX {index} WHERE {column} <> '{{}}';");
    }
    sql
}

/// A default as SQL. Callers' values are parameters and never come here.
fn literal(default: &Value<'_>) -> String {
    match default {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) => value.to_string(),
        Value::I64(value) | Value::Timestamp(value) => value.to_string(),
        Value::Text(value) => {
            let digits = value.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
            format!("'\\x{digits}'")
        }
        // A setting of the host's own has no default in a store.
        Value::Custom(_) => "'{}'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_only_missing_columns() {
        let missing = [Field::IsPinned, Field::Ex].into_iter();
        assert_eq!(
            migration_sql(&Schema::default(), true, MIGRATIONS.len(), missing),
            "SET LOCAL search_path TO \"conversation_settings\"; ALTER TABLE conversations \
             ADD COLUMN is_pinned boolean DEFAULT false, ADD COLUMN ex bytea DEFAULT '\\x';"
        );
        assert_eq!(
            migration_sql(&Schema::default(), true, MIGRATIONS.len(), [Field::Custom].into_iter()),
            "SET LOCAL search_path TO \"conversation_settings\"; ALTER TABLE conversations \
             ADD COLUMN custom jsonb DEFAULT '{}'; CREATE INDEX conversations_by_custom ON conversations \
             USING gin (custom jsonb_path_ops) WHERE custom <> '{}';"
        );
    }

    #[test]
    fn creates_a_schema_in_one_line() {
        let sql = migration_sql(&Schema::default(), false, 0, Field::ALL.iter().copied());
        assert!(sql.starts_with("CREATE SCHEMA \"conversation_settings\"; SET LOCAL search_path"), "{sql}");
        assert!(sql.contains("; CREATE TABLE owners ( owner text COLLATE \"C\" PRIMARY KEY,"), "{sql}");
        assert!(!sql.contains('\n') && !sql.contains("--"), "{sql}");
    }

    #[test]
    fn writes_text_as_bytes() {
        assert_eq!(literal(&Value::Text("é'\0")), "'\\xc3a92700'");
    }
}
