//! The tables, and their migrations.

use conversation_settings_core::{Field, Kind, Settings, Value};
use rusqlite::{Connection, Transaction};

use crate::rows;

/// Marks a file as one of ours, in its header: the letters `ConV`.
pub(crate) const APPLICATION_ID: i32 = 0x436F_6E56;

/// Each step migrates a file from one version to the next. A released step never changes; a new one is appended.
///
/// The steps name no setting: the settings' columns follow from [`Field::ALL`].
const STEPS: &[&str] = &[
    "
    CREATE TABLE log (id BLOB NOT NULL) STRICT;
    INSERT INTO log VALUES (randomblob(12));

    CREATE TABLE owners (
        owner TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        pruned INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;

    -- A tombstone has no target, no creation time and no settings.
    CREATE TABLE conversations (
        owner TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        conversation_type INTEGER,
        target_id TEXT,
        created_at INTEGER,
        lives TEXT NOT NULL,
        changed_in INTEGER NOT NULL,
        PRIMARY KEY (owner, conversation_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX conversations_by_id ON conversations (conversation_id, owner);
    CREATE INDEX conversations_by_change ON conversations (owner, changed_in);
",
    "
    -- The number of conversations at the version counted_in. A program that knows step 1 alone does not keep it.
    ALTER TABLE owners ADD COLUMN conversations INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE owners ADD COLUMN counted_in INTEGER NOT NULL DEFAULT 0;
    UPDATE owners SET counted_in = version, conversations = (
        SELECT count(*) FROM conversations
        WHERE conversations.owner = owners.owner AND conversation_type IS NOT NULL
    );
",
];

/// The columns of `conversations` that are not settings.
pub(crate) const FIXED_COLUMNS: [&str; 7] =
    ["owner", "conversation_id", "conversation_type", "target_id", "created_at", "lives", "changed_in"];

/// Who wrote a file.
pub(crate) enum Found {
    /// Nobody yet, or this version or an older one.
    Ours { steps_done: usize },
    /// A later version.
    Newer,
    /// Another program.
    Foreign,
}

/// Examines a file without changing it.
pub(crate) fn find(connection: &Connection) -> rusqlite::Result<Found> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let (application_id, version) = (number("application_id")?, number("user_version")?);
    if application_id != APPLICATION_ID {
        let is_new = tables == 0 && application_id == 0 && version == 0;
        return Ok(if is_new { Found::Ours { steps_done: 0 } } else { Found::Foreign });
    }
    match usize::try_from(version) {
        Ok(steps_done) if steps_done > STEPS.len() => Ok(Found::Newer),
        Ok(steps_done @ 1..) => {
            let is_known = |column: &String| {
                FIXED_COLUMNS.contains(&column.as_str()) || Field::ALL.iter().any(|field| field.column() == column)
            };
            Ok(if columns(connection)?.iter().all(is_known) { Found::Ours { steps_done } } else { Found::Newer })
        }
        _ => Ok(Found::Foreign),
    }
}

/// Migrates a file to this version. Writes nothing if it is of this version.
pub(crate) fn migrate(transaction: &Transaction<'_>, steps_done: usize) -> rusqlite::Result<()> {
    for (done, step) in STEPS.iter().enumerate().skip(steps_done) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(done + 1).unwrap_or(i64::MAX))?;
    }
    // A new setting gets its column here; existing rows get its default.
    let present = columns(transaction)?;
    let defaults = Settings::default();
    for (field, default) in
        defaults.values().filter(|(field, _)| !present.iter().any(|column| column == field.column()))
    {
        let (name, kind, default) = (field.column(), column_type(field.kind()), literal(default));
        transaction.execute_batch(&format!("ALTER TABLE conversations ADD COLUMN {name} {kind} DEFAULT {default}"))?;
    }
    Ok(())
}

fn columns(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('conversations')")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

const fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::I32 | Kind::I64 | Kind::Timestamp => "INTEGER",
        Kind::Text | Kind::Custom => "TEXT",
    }
}

/// A default as SQL. Callers' values are parameters and never come here.
fn literal(default: Value<'_>) -> String {
    match default {
        Value::Bool(value) => i64::from(value).to_string(),
        Value::I32(value) => value.to_string(),
        Value::I64(value) | Value::Timestamp(value) => value.to_string(),
        Value::Text(value) => text(value),
        Value::Custom(names) => text(&rows::json(&names)),
    }
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
