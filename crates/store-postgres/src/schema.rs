//! The tables, and how they came to be as they are.

use std::{fmt, str::FromStr};

use conversation_settings_store::LogId;
use deadpool_postgres::{Client, GenericClient, Transaction};
use tokio_postgres::Error;

use crate::rows::{self, FIXED_COLUMNS};

/// The name of the schema that the tables are in: [`Schema::DEFAULT`] unless a host wants another.
///
/// Lower-case letters, digits and underscores, as PostgreSQL takes them without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(String);

/// A name that is not fit for a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a schema's name must be 1 to 63 lower-case letters, digits and underscores, must not begin with a digit or with pg_"
)]
pub struct SchemaError;

impl Schema {
    /// The usual name.
    pub const DEFAULT: &str = "conversation_settings";

    /// Checks `name`.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] when it is not fit for a schema.
    pub fn new(name: impl Into<String>) -> Result<Self, SchemaError> {
        let name = name.into();
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let is_fit = (1..=63).contains(&name.len())
            && name.bytes().all(is_allowed)
            && !name.as_bytes()[0].is_ascii_digit()
            && !name.starts_with("pg_");
        if is_fit { Ok(Self(name)) } else { Err(SchemaError) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl FromStr for Schema {
    type Err = SchemaError;

    fn from_str(name: &str) -> Result<Self, SchemaError> {
        Self::new(name)
    }
}

/// Quoted, since `user` and `order` are names as well.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// What makes the tables of each version from those of the version before, in order.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_conversations.sql")];

/// What a schema is, seen from here.
pub(crate) enum Found {
    /// It is of this version.
    Ready(LogId),
    /// It is not there, empty, or of an older version.
    Behind { done: usize },
    /// It was written by a later version of this crate.
    Newer,
    /// Tables of these names are there, and are somebody else's.
    Foreign,
}

/// Looks at a schema without changing it.
pub(crate) async fn find(client: &impl GenericClient, schema: &Schema) -> Result<Found, Error> {
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = $1";
    let columns = client.query(columns, &[&schema.as_str()]).await?;
    let columns: Vec<(&str, &str)> = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
    let has = |table, column| columns.contains(&(table, column));
    let is_taken =
        ["store", "owners", "conversations"].iter().any(|ours| columns.iter().any(|(table, _)| table == ours));
    if !is_taken {
        return Ok(Found::Behind { done: 0 });
    }
    if !(has("store", "log") && has("store", "migration")) {
        return Ok(Found::Foreign);
    }
    let store = client.query_opt(&format!("SELECT log, migration FROM {schema}.store"), &[]).await?;
    let read = store.and_then(|row| {
        let log = row.try_get::<_, &[u8]>(0).ok()?.try_into().ok()?;
        Some((LogId(log), usize::try_from(row.try_get::<_, i32>(1).ok()?).ok()?))
    });
    let Some((log, done)) = read else { return Ok(Found::Foreign) };
    let ours = FIXED_COLUMNS.into_iter().chain(rows::setting_columns());
    Ok(match done {
        0 => Found::Foreign,
        _ if done > MIGRATIONS.len() => Found::Newer,
        _ if done < MIGRATIONS.len() => Found::Behind { done },
        _ if ours.map(|(column, _)| column).all(|column| has("conversations", column)) => Found::Ready(log),
        _ => Found::Foreign,
    })
}

/// Brings a schema to this version, in one transaction, and answers with what it is then. Of many who try at once one
/// does it, and the others find it done.
pub(crate) async fn migrate(client: &mut Client, schema: &Schema) -> Result<Found, Error> {
    let transaction = client.transaction().await?;
    // The key is any number that nobody else takes for theirs; it is let go at the end of the transaction.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('conversation-settings-store-postgres ' || $1, 0))";
    transaction.query_one(lock, &[&schema.as_str()]).await?;
    if let Found::Behind { done } = find(&transaction, schema).await? {
        run(&transaction, schema, &MIGRATIONS[done..]).await?;
    }
    let found = find(&transaction, schema).await?;
    transaction.commit().await?;
    Ok(found)
}

async fn run(transaction: &Transaction<'_>, schema: &Schema, migrations: &[&str]) -> Result<(), Error> {
    let exists = "SELECT FROM pg_namespace WHERE nspname = $1";
    // Asked first, since `IF NOT EXISTS` demands the right to make one even where it is there.
    if transaction.query_opt(exists, &[&schema.as_str()]).await?.is_none() {
        transaction.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    transaction.batch_execute(&format!("SET LOCAL search_path TO {schema}")).await?;
    for migration in migrations {
        transaction.batch_execute(migration).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_a_name_that_needs_no_quotes() {
        for name in ["conversation_settings", "a", "_", "order", "app2", &"x".repeat(63)] {
            assert_eq!(Schema::new(name).unwrap().as_str(), name);
        }
        for name in ["", "A", "2app", "a b", "a\"", "a;", "é", "pg_catalog", &"x".repeat(64)] {
            assert_eq!(Schema::new(name), Err(SchemaError), "{name}");
        }
        assert_eq!(Schema::default(), Schema::new(Schema::DEFAULT).unwrap());
    }
}
