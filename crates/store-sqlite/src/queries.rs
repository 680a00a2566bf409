//! What is asked of the database: loading and storing a batch, and the reads.

use std::sync::LazyLock;

use conversation_settings_core::{Conversation, ConversationId, IdError, Key, UserId, Version, Write, WriteBatch};
use conversation_settings_store::{Filter, Loaded, Record, Resolved};
use rusqlite::{Connection, OptionalExtension, ToSql};

use crate::{
    error::Error,
    rows::{self, STATE},
};

/// How many keys one statement looks up, where there are that many: it spares SQLite most of what a lookup costs beside
/// the search.
const MANY: usize = 50;

static LOAD: LazyLock<String> = LazyLock::new(|| load_sql(1));
static LOAD_MANY: LazyLock<String> = LazyLock::new(|| load_sql(MANY));

/// Looks up records by their keys, each with its owner's version: one search more is cheaper than one statement more.
/// A record's owner always has a version.
fn load_sql(keys: usize) -> String {
    let keys: Vec<_> = (0..keys).map(|offset| format!("({offset}, ?, ?)")).collect();
    let (keys, state) = (keys.join(", "), &*STATE);
    format!(
        "WITH keys (offset, key_owner, key_id) AS (VALUES {keys})
         SELECT offset, version, {state} FROM keys
         JOIN owners ON owners.owner = key_owner
         LEFT JOIN conversations ON conversations.owner = key_owner AND conversation_id = key_id"
    )
}

static PUT: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> = rows::columns().collect();
    let parameters = vec!["?"; columns.len()].join(", ");
    let updates: Vec<_> =
        columns.iter().skip(rows::KEY).map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "INSERT INTO conversations ({}) VALUES ({parameters})
         ON CONFLICT (owner, conversation_id) DO UPDATE SET {}",
        columns.join(", "),
        updates.join(", ")
    )
});

const PUT_VERSION: &str = "
    INSERT INTO owners (owner, version) VALUES (?1, ?2) ON CONFLICT (owner) DO UPDATE SET version = excluded.version";

static GET: LazyLock<String> = LazyLock::new(|| {
    let conversation = &*rows::CONVERSATION;
    format!(
        "SELECT {conversation} FROM conversations
         WHERE owner = ?1 AND conversation_id = ?2 AND conversation_type IS NOT NULL"
    )
});

static CHANGED: LazyLock<String> = LazyLock::new(|| {
    let state = &*STATE;
    format!(
        "SELECT owner, conversation_id, {state} FROM conversations
         WHERE owner = ?1 AND changed_in > ?2 ORDER BY changed_in LIMIT ?3"
    )
});

/// Loads what is held of a batch.
pub(crate) fn load(connection: &Connection, batch: &WriteBatch) -> Result<Loaded, Error> {
    let (sql, many) = if batch.len() < MANY { (&LOAD, 1) } else { (&LOAD_MANY, MANY) };
    let mut statement = connection.prepare_cached(sql)?;
    let mut records = vec![None; batch.len()];
    let mut versions = vec![Version::ZERO; batch.len()];
    let chunks = batch.writes().chunks(many).zip(records.chunks_mut(many)).zip(versions.chunks_mut(many));
    for ((writes, records), versions) in chunks {
        statement.clear_bindings(); // What is not bound is NULL, which is nobody's key.
        for (offset, Write { key, .. }) in writes.iter().enumerate() {
            statement.raw_bind_parameter(2 * offset + 1, key.owner.as_str())?;
            statement.raw_bind_parameter(2 * offset + 2, key.conversation_id.as_str())?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let offset: usize = row.get(0)?;
            versions[offset] = Version(row.get(1)?);
            records[offset] = rows::optional_record_of(&writes[offset].key, row, 2)?;
        }
    }
    let mut versions = versions.into_iter();
    // Each write has its owner's version, so any of an owner's writes tells it.
    let of_owner = |writes: &[Write]| versions.nth(writes.len() - 1).unwrap_or_default();
    Ok(Loaded { records, versions: batch.by_owner().map(of_owner).collect() })
}

/// Stores what a batch came to.
pub(crate) fn put(connection: &Connection, resolved: &Resolved) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(PUT_VERSION)?;
    for (owner, version) in &resolved.versions {
        statement.execute((owner.as_str(), version.0))?;
    }
    let mut statement = connection.prepare_cached(&PUT)?;
    for changed in &resolved.records {
        rows::bind(&mut statement, &changed.record)?;
        statement.raw_execute()?;
    }
    Ok(())
}

/// The conversations of some keys.
pub(crate) fn get(connection: &Connection, keys: &[Key]) -> Result<Vec<Option<Conversation>>, Error> {
    let mut statement = connection.prepare_cached(&GET)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let mut rows = statement.query((key.owner.as_str(), key.conversation_id.as_str()))?;
        found.push(rows.next()?.map(|row| rows::conversation_of(key, row, 0)).transpose()?);
    }
    Ok(found)
}

const OF_OWNER: &str = "owner = ? AND conversation_id > ?";
const OF_CONVERSATION: &str = "conversation_id = ? AND owner > ?";

/// The owner's conversations that pass `filter`, in the order of their IDs, those after `after`, at most `most`.
pub(crate) fn list(
    connection: &Connection,
    owner: &UserId,
    filter: &Filter,
    after: Option<&ConversationId>,
    most: usize,
) -> Result<Vec<Conversation>, Error> {
    // No ID is empty, so all are after the empty text.
    let after = after.map_or("", ConversationId::as_str);
    let key = |id: &str| Ok(Key::new(owner.clone(), ConversationId::new(id)?));
    page(connection, OF_OWNER, "conversation_id", [owner.as_str(), after], filter, most, key)
}

/// The views of a conversation that pass `filter`, in the order of their owners, those after `after`, at most `most`.
pub(crate) fn list_by_conversation(
    connection: &Connection,
    conversation_id: &ConversationId,
    filter: &Filter,
    after: Option<&UserId>,
    most: usize,
) -> Result<Vec<Conversation>, Error> {
    let after = after.map_or("", UserId::as_str);
    let key = |owner: &str| Ok(Key::new(UserId::new(owner)?, conversation_id.clone()));
    page(connection, OF_CONVERSATION, "owner", [conversation_id.as_str(), after], filter, most, key)
}

/// One part of the key is the same for all; `key` makes it whole with the other, which the rows are in the order of.
fn page(
    connection: &Connection,
    condition: &str,
    order: &str,
    ids: [&str; 2],
    filter: &Filter,
    most: usize,
    key: impl Fn(&str) -> Result<Key, IdError>,
) -> Result<Vec<Conversation>, Error> {
    let most = limit(most);
    let values = filter.is.values().chain(filter.is_not.values());
    let values: Vec<_> = values.map(|(_, value)| rows::setting_to_sql(value)).collect();
    let mut parameters: Vec<&dyn ToSql> = vec![&ids[0], &ids[1]];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    parameters.push(&most);
    let mut statement = connection.prepare_cached(&page_sql(condition, order, filter))?;
    let mut rows = statement.query(&*parameters)?;
    let mut conversations = Vec::new();
    while let Some(row) = rows.next()? {
        let key = rows::text(row, 0).and_then(|text| Ok(key(text)?));
        let key = key.map_err(|source| Error::Row { key: None, source })?;
        conversations.push(rows::conversation_of(&key, row, 1)?);
    }
    Ok(conversations)
}

/// What varies in the text are names of our own columns; every value is a parameter.
fn page_sql(condition: &str, order: &str, filter: &Filter) -> String {
    let conversation = &*rows::CONVERSATION;
    let mut sql = format!(
        "SELECT {order}, {conversation} FROM conversations WHERE {condition} AND conversation_type IS NOT NULL"
    );
    let is = filter.is.values().map(|(field, _)| (field, " = ?"));
    for (field, comparison) in is.chain(filter.is_not.values().map(|(field, _)| (field, " <> ?"))) {
        sql.extend([" AND ", field.column(), comparison]);
    }
    sql.extend([" ORDER BY ", order, " LIMIT ?"]);
    sql
}

/// How far an owner's log has come, and up to where its tombstones were pruned.
pub(crate) fn versions(connection: &Connection, owner: &UserId) -> Result<(Version, Version), Error> {
    let mut statement = connection.prepare_cached("SELECT version, pruned FROM owners WHERE owner = ?1")?;
    let read = |row: &rusqlite::Row<'_>| Ok((Version(row.get(0)?), Version(row.get(1)?)));
    Ok(statement.query_row([owner.as_str()], read).optional()?.unwrap_or_default())
}

/// The owner's records changed after a version, in the order of the change, at most `most`.
pub(crate) fn changed(
    connection: &Connection,
    owner: &UserId,
    after: Version,
    most: usize,
) -> Result<Vec<Record>, Error> {
    let mut statement = connection.prepare_cached(&CHANGED)?;
    read(statement.query((owner.as_str(), after.0, limit(most)))?)
}

/// Forgets the owner's tombstones of versions up to `through`, which is none beyond the owner's.
pub(crate) fn prune(connection: &Connection, owner: &UserId, through: Version) -> Result<usize, Error> {
    let (version, pruned) = versions(connection, owner)?;
    let through = through.min(version).max(pruned).0;
    // What is so already is not written again: no write, no `fsync`.
    connection
        .prepare_cached("UPDATE owners SET pruned = ?2 WHERE owner = ?1 AND pruned < ?2")?
        .execute((owner.as_str(), through))?;
    let mut statement = connection.prepare_cached(
        "DELETE FROM conversations WHERE owner = ?1 AND changed_in <= ?2 AND conversation_type IS NULL",
    )?;
    Ok(statement.execute((owner.as_str(), through))?)
}

fn read(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(rows::record(row)?);
    }
    Ok(records)
}

/// A number of rows as SQLite counts.
fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::Patch;

    use super::*;
    use crate::open;

    #[test]
    fn each_query_searches_and_none_reads_a_whole_table_or_sorts() {
        let folder = tempfile::tempdir().unwrap();
        let opened = open::open(&folder.path().join("conversations.db")).unwrap();
        let pinned = Filter::is(Patch::KEEP.is_pinned(true));
        let queries = [
            (LOAD.clone(), 2),
            (LOAD_MANY.clone(), 2),
            (GET.clone(), 1),
            (CHANGED.clone(), 1),
            (page_sql(OF_OWNER, "conversation_id", &pinned), 1),
            (page_sql(OF_CONVERSATION, "owner", &pinned), 1),
        ];
        for (sql, tables) in queries {
            let mut statement = opened.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            for parameter in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(parameter, "1").unwrap();
            }
            let (mut plan, mut steps) = (statement.raw_query(), Vec::<String>::new());
            while let Some(row) = plan.next().unwrap() {
                steps.push(row.get("detail").unwrap());
            }
            assert_eq!(steps.iter().filter(|step| step.starts_with("SEARCH")).count(), tables, "{steps:?}");
            // What is scanned are the keys asked for, which are no table.
            let is_bad = |step: &String| {
                step.contains("B-TREE") || step.starts_with("SCAN conv") || step.starts_with("SCAN own")
            };
            assert!(!steps.iter().any(is_bad), "{steps:?}");
        }
    }
}
