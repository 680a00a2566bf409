//! Records as rows, and back.

use std::sync::LazyLock;

use conversation_settings_core::{
    Conversation, ConversationId, Field, Key, Kind, Settings, Target, Timestamp, UserId, Value, Version,
};
use conversation_settings_store::{BoxError, Record, State};
use rusqlite::{
    Row, Statement, ToSql,
    types::{Null, ToSqlOutput},
};
use serde::Serialize;

use crate::{error::Error, schema::FIXED_COLUMNS};

/// All columns of a record, in the order in which statements name them.
pub(crate) fn columns() -> impl Iterator<Item = &'static str> {
    FIXED_COLUMNS.into_iter().chain(Field::ALL.iter().map(|field| field.column()))
}

/// The columns of a record without its key, joined by commas.
pub(crate) static STATE: LazyLock<String> =
    LazyLock::new(|| columns().skip(KEY_COLUMNS).collect::<Vec<_>>().join(", "));

/// The columns of a conversation without its key, joined by commas.
pub(crate) static CONVERSATION: LazyLock<String> = LazyLock::new(|| {
    let fixed = columns().skip(KEY_COLUMNS).take(at::LIFESPAN);
    fixed.chain(columns().skip(KEY_COLUMNS + at::SETTINGS)).collect::<Vec<_>>().join(", ")
});

/// The number of columns that form the key.
pub(crate) const KEY_COLUMNS: usize = 2;

/// Positions of columns in [`STATE`].
mod at {
    pub(super) const CONVERSATION_TYPE: usize = 0;
    pub(super) const TARGET_ID: usize = 1;
    pub(super) const CREATED_AT: usize = 2;
    pub(super) const LIFESPAN: usize = 3;
    pub(super) const LAST_CHANGED: usize = 4;
    pub(super) const SETTINGS: usize = 5;
}

/// Binds a record to the parameters of a statement that takes all [`columns`].
pub(crate) fn bind(statement: &mut Statement<'_>, record: &Record) -> rusqlite::Result<()> {
    let key = record.key();
    let mut parameter = 0;
    let mut bind = |value: &dyn ToSql| {
        parameter += 1;
        statement.raw_bind_parameter(parameter, value)
    };
    bind(&key.owner.as_str())?;
    bind(&key.conversation_id.as_str())?;
    let live = record.live();
    bind(&live.map(|conversation| conversation.target.conversation_type()))?;
    bind(&live.map(|conversation| conversation.target.id()))?;
    bind(&live.map(|conversation| conversation.created_at.0))?;
    bind(&record.lifespan.to_string())?;
    bind(&to_integer(record.last_changed.0)?)?;
    for &field in Field::ALL {
        match live.map(|conversation| conversation.settings.value(field)) {
            None => bind(&Null)?,
            Some(value) => bind(&setting_to_sql(value))?,
        }
    }
    Ok(())
}

/// A setting as a parameter.
pub(crate) fn setting_to_sql(value: Value<'_>) -> ToSqlOutput<'_> {
    match value {
        Value::Bool(value) => value.into(),
        Value::I32(value) => value.into(),
        Value::I64(value) | Value::Timestamp(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Custom(names) => json(&names).into(),
    }
}

/// A part of the host's own settings as JSON.
pub(crate) fn json(part: &impl Serialize) -> String {
    serde_json::to_string(part).expect("names and scalars are JSON")
}

/// Reads the conversation of `key` from a row in which [`CONVERSATION`] begins at `first`.
pub(crate) fn conversation_of(key: &Key, row: &Row<'_>, first: usize) -> Result<Conversation, Error> {
    let read = || live(key, row.get(first + at::CONVERSATION_TYPE)?, row, first, first + at::LIFESPAN);
    read().map_err(|source| Error::Row { key: Some(Box::new(key.clone())), source })
}

/// Reads a record from a row of the key and [`STATE`].
pub(crate) fn record(row: &Row<'_>) -> Result<Record, Error> {
    let key = key(row).map_err(|source| Error::Row { key: None, source })?;
    record_of(&key, row, KEY_COLUMNS)
}

/// Reads the record of `key` from a row in which [`STATE`] begins at `first`.
pub(crate) fn record_of(key: &Key, row: &Row<'_>, first: usize) -> Result<Record, Error> {
    let no_lifespan = || Error::Row { key: Some(Box::new(key.clone())), source: "the column lives is null".into() };
    optional_record_of(key, row, first)?.ok_or_else(no_lifespan)
}

/// Like [`record_of`] for a row of an outer join: `None` if there is no record.
pub(crate) fn optional_record_of(key: &Key, row: &Row<'_>, first: usize) -> Result<Option<Record>, Error> {
    let read = || -> Result<_, BoxError> {
        let Some(lifespan) = row.get_ref(first + at::LIFESPAN)?.as_str_or_null()? else { return Ok(None) };
        let state = match row.get(first + at::CONVERSATION_TYPE)? {
            None => State::Removed(key.clone()),
            Some(kind) => State::Live(live(key, kind, row, first, first + at::SETTINGS)?),
        };
        let last_changed = Version(unsigned(row, first + at::LAST_CHANGED)?);
        Ok(Some(Record { state, lifespan: lifespan.parse()?, last_changed }))
    };
    read().map_err(|source| Error::Row { key: Some(Box::new(key.clone())), source })
}

/// An integer that is never negative. SQLite's are signed; `rusqlite` converts them only with features that its older versions
/// lack.
pub(crate) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let integer = row.get(index)?;
    u64::try_from(integer).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, integer))
}

/// An unsigned number as SQLite's integer.
pub(crate) fn to_integer(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn live(key: &Key, kind: i32, row: &Row<'_>, first: usize, first_setting: usize) -> Result<Conversation, BoxError> {
    Ok(Conversation {
        key: key.clone(),
        target: Target::from_parts(kind, text(row, first + at::TARGET_ID)?)?,
        settings: settings(row, first_setting)?,
        created_at: Timestamp(row.get(first + at::CREATED_AT)?),
    })
}

fn key(row: &Row<'_>) -> Result<Key, BoxError> {
    Ok(Key::new(UserId::new(text(row, 0)?)?, ConversationId::new(text(row, 1)?)?))
}

fn settings(row: &Row<'_>, first: usize) -> Result<Settings, BoxError> {
    Settings::from_values(|field| {
        let index = first + field as usize;
        Ok(match field.kind() {
            Kind::Bool => Value::Bool(row.get(index)?),
            Kind::I32 => Value::I32(row.get(index)?),
            Kind::I64 => Value::I64(row.get(index)?),
            Kind::Timestamp => Value::Timestamp(row.get(index)?),
            Kind::Text => Value::Text(text(row, index)?),
            Kind::Custom => Value::Custom(serde_json::from_str(text(row, index)?)?),
        })
    })
}

pub(crate) fn text<'row>(row: &'row Row<'_>, index: usize) -> Result<&'row str, BoxError> {
    Ok(row.get_ref(index)?.as_str()?)
}
