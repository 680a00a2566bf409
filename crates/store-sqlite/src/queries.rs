//! The statements of the readers.

use std::sync::LazyLock;

use conversation_settings_core::{Conversation, ConversationId, IdError, Key, UserId, Value, Version};
use conversation_settings_store::{Filter, LogId, Record};
use rusqlite::{
    Connection, OptionalExtension, ToSql,
    types::{Null, ToSqlOutput},
};

use crate::{
    error::Error,
    rows::{self, STATE},
};

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

/// The conversation of each key.
pub(crate) fn get(connection: &Connection, keys: &[Key]) -> Result<Vec<Option<Conversation>>, Error> {
    let mut statement = connection.prepare_cached(&GET)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let mut rows = statement.query((key.owner.as_str(), key.conversation_id.as_str()))?;
        found.push(rows.next()?.map(|row| rows::conversation_of(key, row, 0)).transpose()?);
    }
    Ok(found)
}

const BY_OWNER: &str = "owner = ? AND conversation_id > ?";
const BY_CONVERSATION: &str = "conversation_id = ? AND owner > ?";

/// The owner's conversations after `after` that pass `filter`, ordered by ID, at most `limit`.
pub(crate) fn list(
    connection: &Connection,
    owner: &UserId,
    filter: &Filter,
    after: Option<&ConversationId>,
    limit: usize,
) -> Result<Vec<Conversation>, Error> {
    // IDs are not empty, so all come after the empty text.
    let after = after.map_or("", ConversationId::as_str);
    let key = |id: &str| Ok(Key::new(owner.clone(), ConversationId::new(id)?));
    page(connection, BY_OWNER, "conversation_id", [owner.as_str(), after], filter, limit, key)
}

/// All owners' views of a conversation after `after` that pass `filter`, ordered by owner, at most `limit`.
pub(crate) fn list_by_conversation(
    connection: &Connection,
    conversation_id: &ConversationId,
    filter: &Filter,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<Conversation>, Error> {
    let after = after.map_or("", UserId::as_str);
    let key = |owner: &str| Ok(Key::new(UserId::new(owner)?, conversation_id.clone()));
    page(connection, BY_CONVERSATION, "owner", [conversation_id.as_str(), after], filter, limit, key)
}

/// A page of rows that share one part of the key. The rows are ordered by the other part, which `key` completes.
fn page(
    connection: &Connection,
    condition: &str,
    order: &str,
    ids: [&str; 2],
    filter: &Filter,
    limit: usize,
    key: impl Fn(&str) -> Result<Key, IdError>,
) -> Result<Vec<Conversation>, Error> {
    let limit = sql_limit(limit);
    let (conditions, values) = conditions(filter);
    let mut parameters: Vec<&dyn ToSql> = vec![&ids[0], &ids[1]];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    parameters.push(&limit);
    let mut statement = connection.prepare_cached(&page_sql(condition, order, &conditions))?;
    let mut rows = statement.query(&*parameters)?;
    let mut conversations = Vec::new();
    while let Some(row) = rows.next()? {
        let key = rows::text(row, 0).and_then(|text| Ok(key(text)?));
        let key = key.map_err(|source| Error::Row { key: None, source })?;
        conversations.push(rows::conversation_of(&key, row, 1)?);
    }
    Ok(conversations)
}

fn page_sql(condition: &str, order: &str, conditions: &str) -> String {
    let conversation = &*rows::CONVERSATION;
    format!(
        "SELECT {order}, {conversation} FROM conversations
         WHERE {condition} AND conversation_type IS NOT NULL{conditions} ORDER BY {order} LIMIT ?"
    )
}

/// The conditions of `filter`, and their parameters. Only names of our own columns vary in the text; every value is a
/// parameter.
fn conditions(filter: &Filter) -> (String, Vec<ToSqlOutput<'_>>) {
    let (mut sql, mut parameters) = (String::new(), Vec::new());
    let is = filter.is.values().map(|(field, value)| (field, value, " = ?", " IS ?"));
    let is_not = filter.is_not.values().map(|(field, value)| (field, value, " <> ?", " IS NOT ?"));
    for (field, value, comparison, comparison_with_null) in is.chain(is_not) {
        let Value::Custom(names) = value else {
            sql.extend([" AND ", field.column(), comparison]);
            parameters.push(rows::setting_to_sql(value));
            continue;
        };
        for (name, value) in names.iter() {
            // JSON text is compared, because only in JSON `true` differs from 1. An absent name is NULL.
            sql.extend([" AND (", field.column(), " -> ?)", comparison_with_null]);
            parameters.push(format!("$.\"{name}\"").into());
            parameters.push(value.map_or(Null.into(), |value| rows::json(value).into()));
        }
    }
    (sql, parameters)
}

/// The log's identity: the smallest read there is.
pub(crate) fn log(connection: &Connection) -> Result<LogId, Error> {
    Ok(connection.prepare_cached("SELECT id FROM log")?.query_row([], |row| row.get(0).map(LogId))?)
}

/// The number of the owner's conversations, if it was kept with the last change. An older version of this program, which
/// still has the file open, does not keep it.
pub(crate) fn kept_count(connection: &Connection, owner: &UserId) -> Result<Option<usize>, Error> {
    let mut statement = connection
        .prepare_cached("SELECT iif(counted_in = version, conversations, NULL) FROM owners WHERE owner = ?1")?;
    let kept = statement.query_row([owner.as_str()], |row| row.get::<_, Option<i64>>(0)).optional()?;
    // An owner without a row has no conversations.
    Ok(kept.unwrap_or(Some(0)).and_then(|kept| usize::try_from(kept).ok()))
}

/// The number of the owner's conversations.
pub(crate) fn count(connection: &Connection, owner: &UserId) -> Result<usize, Error> {
    if let Some(count) = kept_count(connection, owner)? {
        return Ok(count);
    }
    let count = "SELECT count(*) FROM conversations WHERE owner = ?1 AND conversation_type IS NOT NULL";
    let count = connection.prepare_cached(count)?.query_row([owner.as_str()], |row| rows::unsigned(row, 0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The owner's version, and the version up to which tombstones were pruned.
pub(crate) fn versions(connection: &Connection, owner: &UserId) -> Result<(Version, Version), Error> {
    let mut statement = connection.prepare_cached("SELECT version, pruned FROM owners WHERE owner = ?1")?;
    let read = |row: &rusqlite::Row<'_>| Ok((Version(rows::unsigned(row, 0)?), Version(rows::unsigned(row, 1)?)));
    Ok(statement.query_row([owner.as_str()], read).optional()?.unwrap_or_default())
}

/// The owner's records changed after a version, ordered by change, at most `limit`.
pub(crate) fn changed(
    connection: &Connection,
    owner: &UserId,
    after: Version,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let mut statement = connection.prepare_cached(&CHANGED)?;
    let mut rows = statement.query((owner.as_str(), rows::to_integer(after.0)?, sql_limit(limit)))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(rows::record(row)?);
    }
    Ok(records)
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::{CustomPatch, Patch};

    use super::*;
    use crate::{
        open,
        writes::{LOAD_MANY, LOAD_ONE},
    };

    #[test]
    fn searches_an_index_and_never_scans_or_sorts() {
        let folder = tempfile::tempdir().unwrap();
        let opened = open::open(&folder.path().join("conversations.db")).unwrap();
        let folder = CustomPatch::KEEP.set("folder", 7).unwrap();
        let filter = Filter::is(Patch::KEEP.is_pinned(true).custom(folder));
        let (filter, _) = conditions(&filter);
        let queries = [
            (LOAD_ONE.clone(), 2),
            (LOAD_MANY.clone(), 2),
            (GET.clone(), 1),
            (CHANGED.clone(), 1),
            (page_sql(BY_OWNER, "conversation_id", &filter), 1),
            (page_sql(BY_CONVERSATION, "owner", &filter), 1),
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
            // The keys asked for are scanned; they are not a table.
            let is_bad = |step: &String| {
                step.contains("B-TREE") || step.starts_with("SCAN conv") || step.starts_with("SCAN own")
            };
            assert!(!steps.iter().any(is_bad), "{steps:?}");
        }
    }
}
