//! A record as a row, and back.

use std::sync::LazyLock;

use conversation_settings_core::{
    Conversation, ConversationId, Field, Key, Kind, Settings, Target, Timestamp, UserId, Value, Version,
};
use conversation_settings_store::{BoxError, Record, State};
use rusqlite::{
    Row, Statement, ToSql,
    types::{Null, ToSqlOutput},
};

use crate::{error::Error, schema::FIXED_COLUMNS};

/// The columns of a record, in the order in which they are written and read.
pub(crate) fn columns() -> impl Iterator<Item = &'static str> {
    FIXED_COLUMNS.into_iter().chain(Field::ALL.iter().map(|field| field.column()))
}

/// The columns of a record without its key, joined by commas.
pub(crate) static STATE: LazyLock<String> = LazyLock::new(|| columns().skip(KEY).collect::<Vec<_>>().join(", "));

/// The columns of a conversation without its key, joined by commas.
pub(crate) static CONVERSATION: LazyLock<String> = LazyLock::new(|| {
    let fixed = columns().skip(KEY).take(at::LIVES);
    fixed.chain(columns().skip(KEY + at::SETTINGS)).collect::<Vec<_>>().join(", ")
});

/// How many columns the key takes.
pub(crate) const KEY: usize = 2;

/// Where the columns of [`STATE`] stand, counted from its first.
mod at {
    pub(super) const CONVERSATION_TYPE: usize = 0;
    pub(super) const TARGET_ID: usize = 1;
    pub(super) const CREATED_AT: usize = 2;
    pub(super) const LIVES: usize = 3;
    pub(super) const CHANGED_IN: usize = 4;
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
    bind(&record.last_changed.0)?;
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
    }
}

/// Reads the conversation of a known key back from a row in which [`CONVERSATION`] begins at `first`.
pub(crate) fn conversation_of(key: &Key, row: &Row<'_>, first: usize) -> Result<Conversation, Error> {
    let read = || live(key, row.get(first + at::CONVERSATION_TYPE)?, row, first, first + at::LIVES);
    read().map_err(|source| Error::Row { key: Some(Box::new(key.clone())), source })
}

/// Reads a record back from a row of the key and [`STATE`].
pub(crate) fn record(row: &Row<'_>) -> Result<Record, Error> {
    let key = key(row).map_err(|source| Error::Row { key: None, source })?;
    record_of(&key, row, KEY)
}

/// Reads a record of a known key back from a row in which [`STATE`] begins at `first`.
pub(crate) fn record_of(key: &Key, row: &Row<'_>, first: usize) -> Result<Record, Error> {
    let no_lives = || Error::Row { key: Some(Box::new(key.clone())), source: "a record without lives".into() };
    optional_record_of(key, row, first)?.ok_or_else(no_lives)
}

/// The same, where the row comes of an outer join: `None` if there is no record.
pub(crate) fn optional_record_of(key: &Key, row: &Row<'_>, first: usize) -> Result<Option<Record>, Error> {
    let read = || -> Result<_, BoxError> {
        let Some(lives) = row.get_ref(first + at::LIVES)?.as_str_or_null()? else { return Ok(None) };
        let state = match row.get(first + at::CONVERSATION_TYPE)? {
            None => State::Removed(key.clone()),
            Some(kind) => State::Live(live(key, kind, row, first, first + at::SETTINGS)?),
        };
        let last_changed = Version(row.get(first + at::CHANGED_IN)?);
        Ok(Some(Record { state, lifespan: lives.parse()?, last_changed }))
    };
    read().map_err(|source| Error::Row { key: Some(Box::new(key.clone())), source })
}

/// A conversation of a row in which the settings begin at `first_setting`.
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
        })
    })
}

/// Text as it stands in the row, not copied yet.
pub(crate) fn text<'row>(row: &'row Row<'_>, index: usize) -> Result<&'row str, BoxError> {
    Ok(row.get_ref(index)?.as_str()?)
}
